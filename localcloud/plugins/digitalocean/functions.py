"""DigitalOcean's provider functions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from localcloud.plugins.digitalocean.api import DigitalOceanApi
from localcloud.plugins.digitalocean.spaces import SpacesError
from localcloud.plugins.errors import GoneError, ProviderError
from localcloud.plugins.provider import Function
from localcloud.plugins.values import Properties, elements


def _get_account(api: DigitalOceanApi, arguments: Properties) -> Properties:
    account = api.get("account")["account"]
    return {
        "id": account["uuid"],
        "uuid": account["uuid"],
        "dropletLimit": account["droplet_limit"],
        "floatingIpLimit": account.get("floating_ip_limit", 0),
        "email": account["email"],
        "emailVerified": account["email_verified"],
        "status": account["status"],
        "statusMessage": account.get("status_message", ""),
    }


def _get_region(api: DigitalOceanApi, arguments: Properties) -> Properties:
    slug = arguments["slug"]
    for region in api.list("regions", "regions"):
        if region["slug"] == slug:
            return {
                "id": slug,
                **{key: region[key] for key in ("slug", "name", "sizes", "features", "available")},
            }
    raise ProviderError(f"Region does not exist: {slug}")


def _get_image(api: DigitalOceanApi, arguments: Properties) -> Properties:
    given = {key: arguments[key] for key in ("id", "name", "slug") if arguments.get(key)}
    if len(given) != 1:
        raise ProviderError("Must specify exactly one of: id, name, slug")
    if "name" in given:
        image = _only(
            (
                image
                for image in api.list("images", "images", {"private": "true"})
                if image["name"] == given["name"]
            ),
            "image",
            given["name"],
        )
    else:
        image = api.read(f"images/{given.get('slug', given.get('id'))}", "image", "Error retrieving image")
    return {
        "id": image["id"],
        "image": str(image["id"]),
        "slug": image.get("slug") or "",
        "name": image["name"],
        "type": image.get("type", ""),
        "distribution": image["distribution"],
        "private": not image["public"],
        "minDiskSize": image["min_disk_size"],
        "sizeGigabytes": image["size_gigabytes"],
        "regions": image["regions"],
        "description": image.get("description") or "",
        "tags": image.get("tags") or [],
        "status": image.get("status", ""),
        "errorMessage": image.get("error_message") or "",
        "created": image["created_at"],
    }


def _size(size: Properties) -> Properties:
    return {
        "slug": size["slug"],
        "available": size["available"],
        "transfer": size["transfer"],
        "priceMonthly": size["price_monthly"],
        "priceHourly": size["price_hourly"],
        "memory": size["memory"],
        "vcpus": size["vcpus"],
        "disk": size["disk"],
        "regions": sorted(size["regions"]),
    }


def _get_sizes(api: DigitalOceanApi, arguments: Properties) -> Properties:
    sizes = _selected([_size(size) for size in api.list("sizes", "sizes")], arguments)
    return {"id": "sizes", "sizes": sizes, **_echoed(arguments)}


def _ssh_key(key: Properties) -> Properties:
    return {key_: key[name] for key_, name in _SSH_KEY.items()}


_SSH_KEY = {"id": "id", "name": "name", "publicKey": "public_key", "fingerprint": "fingerprint"}


def _get_ssh_keys(api: DigitalOceanApi, arguments: Properties) -> Properties:
    keys = _selected([_ssh_key(key) for key in api.list("account/keys", "ssh_keys")], arguments)
    return {"id": "ssh_keys", "sshKeys": keys, **_echoed(arguments)}


def _get_ssh_key(api: DigitalOceanApi, arguments: Properties) -> Properties:
    name = arguments["name"]
    keys = (key for key in api.list("account/keys", "ssh_keys") if key["name"] == name)
    return _ssh_key(_only(keys, "ssh key", name))


def _droplet(droplet: Properties) -> Properties:
    networks: Properties = droplet["networks"]
    features: list[str] = droplet.get("features") or []

    def address(version: str, kind: str) -> str:
        found = (
            network["ip_address"] for network in elements(networks.get(version)) if network["type"] == kind
        )
        return next(found, "")

    return {
        "id": droplet["id"],
        "name": droplet["name"],
        "createdAt": droplet["created_at"],
        "urn": f"do:droplet:{droplet['id']}",
        "region": droplet["region"]["slug"],
        "image": droplet["image"].get("slug") or str(droplet["image"]["id"]),
        "size": droplet["size_slug"],
        "disk": droplet["disk"],
        "vcpus": droplet["vcpus"],
        "memory": droplet["memory"],
        "priceHourly": droplet["size"]["price_hourly"],
        "priceMonthly": droplet["size"]["price_monthly"],
        "status": droplet["status"],
        "locked": droplet["locked"],
        "ipv4Address": address("v4", "public"),
        "ipv4AddressPrivate": address("v4", "private"),
        "ipv6Address": address("v6", "public").lower(),
        "ipv6AddressPrivate": address("v6", "private").lower(),
        "backups": "backups" in features,
        "ipv6": "ipv6" in features,
        "privateNetworking": "private_networking" in features,
        "monitoring": "monitoring" in features,
        "volumeIds": droplet.get("volume_ids") or [],
        "tags": sorted(droplet.get("tags") or []),
        "vpcUuid": droplet.get("vpc_uuid") or "",
    }


def _get_droplets(api: DigitalOceanApi, arguments: Properties) -> Properties:
    droplets = _selected([_droplet(droplet) for droplet in api.list("droplets", "droplets")], arguments)
    return {"id": "droplets", "droplets": droplets, **_echoed(arguments)}


def _get_spaces_bucket(api: DigitalOceanApi, arguments: Properties) -> Properties:
    name, region = arguments["name"], arguments["region"]
    try:
        api.spaces.check(region, name)
    except SpacesError as error:
        if error.status == 404:
            raise ProviderError(f"Spaces Bucket ({name}) not found") from error
        raise ProviderError(f'error reading Spaces bucket "": {error}') from error
    return {
        "id": name,
        "name": name,
        "region": region,
        "urn": f"do:space:{name}",
        "bucketDomainName": f"{name}.{region}.digitaloceanspaces.com",
        "endpoint": f"{region}.digitaloceanspaces.com",
    }


def _only(found: Iterable[Properties], kind: str, name: str) -> Properties:
    matches = list(found)
    if len(matches) == 1:
        return matches[0]
    if not matches:
        raise ProviderError(f"no {kind} found with name {name}")
    raise ProviderError(f"too many {kind}s found with name {name} (found {len(matches)}, expected 1)")


def _selected(records: list[Properties], arguments: Properties) -> list[Properties]:
    """Return the records that match all ``filters``, in the order of ``sorts``."""
    for wanted in elements(arguments.get("filters")):
        key, values = _camel(wanted["key"]), wanted["values"]
        test = all if wanted.get("all") else any
        records = [
            record for record in records if test(_matches(record.get(key), value, wanted) for value in values)
        ]
    for order in reversed(elements(arguments.get("sorts"))):
        key = _camel(order["key"])
        records = sorted(records, key=lambda record: record[key], reverse=order.get("direction") == "desc")
    return records


def _matches(value: Any, wanted: str, filter_: Properties) -> bool:
    if isinstance(value, list):
        return any(_matches(item, wanted, filter_) for item in elements(value))
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return wanted in text if filter_.get("matchBy") == "substring" else wanted == text


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _echoed(arguments: Properties) -> Properties:
    return {key: arguments[key] for key in ("filters", "sorts") if key in arguments}


def _reporting_gone(function: Function) -> Function:
    def call(api: DigitalOceanApi, arguments: Properties) -> Properties:
        try:
            return function(api, arguments)
        except GoneError as error:
            raise ProviderError(str(error.__cause__)) from error

    return call


FUNCTIONS = {
    f"digitalocean:index/{name}:{name}": _reporting_gone(function)
    for name, function in {
        "getAccount": _get_account,
        "getDroplets": _get_droplets,
        "getImage": _get_image,
        "getRegion": _get_region,
        "getSizes": _get_sizes,
        "getSpacesBucket": _get_spaces_bucket,
        "getSshKey": _get_ssh_key,
        "getSshKeys": _get_ssh_keys,
    }.items()
}
