"""``digitalocean.Droplet``."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from localcloud.plugins.digitalocean.api import Api, ApiError
from localcloud.plugins.digitalocean.set_order import by_hash, tags_by_hash
from localcloud.plugins.digitalocean.tags import TAGS, set_tags
from localcloud.plugins.errors import GoneError, ProviderError
from localcloud.plugins.resource import Resource, Timeouts
from localcloud.plugins.schema import Field, Shape
from localcloud.plugins.values import UNKNOWN, Properties

_DESTROY_TIMEOUT = 60.0
"""Seconds, whatever the delete's own limit is."""

_COMPUTED = (
    "createdAt",
    "disk",
    "dropletUrn",
    "ipv4Address",
    "ipv4AddressPrivate",
    "locked",
    "memory",
    "priceHourly",
    "priceMonthly",
    "status",
    "vcpus",
)


def _user_data_digest(user_data: str) -> str:
    return hashlib.sha1(user_data.encode(), usedforsecurity=False).hexdigest()


class Droplet(Resource[Api]):
    """A virtual machine."""

    type = "digitalocean:index/droplet:Droplet"
    fields = {
        "image": Field(required=True, replace=True),
        "name": Field(required=True),
        "region": Field(optional=True, computed=True, replace=True, stored=str.lower),
        "size": Field(required=True, stored=str.lower),
        "gracefulShutdown": Field(optional=True, default=False),
        "resizeDisk": Field(optional=True, default=True),
        "backups": Field(optional=True, default=False),
        "backupPolicy": Field(shape=Shape.OBJECT, optional=True),
        "ipv6": Field(optional=True, default=False, replace_when=lambda old, new: bool(old) and not new),
        "ipv6Address": Field(optional=True, computed=True),
        "privateNetworking": Field(optional=True, computed=True),
        "publicNetworking": Field(optional=True, computed=True, replace=True),
        "sshKeys": Field(shape=Shape.SET, optional=True, replace=True),
        "userData": Field(optional=True, replace=True, stored=_user_data_digest),
        "volumeIds": Field(shape=Shape.SET, optional=True, computed=True),
        "monitoring": Field(optional=True, replace=True, default=False),
        "dropletAgent": Field(optional=True, replace=True),
        "tags": TAGS,
        "vpcUuid": Field(optional=True, computed=True, replace=True),
        **{key: Field(computed=True) for key in _COMPUTED},
    }
    timeouts = Timeouts(create=60 * 60, update=60 * 60, delete=60)

    def create(self, client: Api, inputs: Properties, planned: Properties) -> str:
        """POST /v2/droplets."""
        if planned["backupPolicy"] and not planned["backups"]:
            raise ProviderError("backup_policy can only be set when backups are enabled")
        try:
            return str(client.post("droplets", _body(inputs, planned))["droplet"]["id"])
        except ProviderError as error:
            raise ProviderError(f"Error creating droplet: {error}") from error

    def settle(self, client: Api, id: str, planned: Properties, timeout: float) -> Properties:  # noqa: A002
        """GET /v2/droplets/ID until it is active; its last answer is the state."""
        watch = _Watch(client, id)
        try:
            watch.until("active", ("new",), "status", timeout)
        except ProviderError as error:
            raise ProviderError(f"Error waiting for droplet ({id}) to become ready: {error}") from error
        return _state(planned, watch.droplet)

    def read(self, client: Api, id: str, prior: Properties) -> Properties:  # noqa: A002
        """GET /v2/droplets/ID."""
        return _state(prior, client.read(f"droplets/{id}", "droplet", "Error retrieving droplet"))

    def found(self, client: Api, id: str, prior: Properties) -> tuple[str, Properties]:  # noqa: A002
        """The image may drift once a droplet is made, so it is read for an import alone."""
        if prior:
            return id, self.read(client, id, prior)
        droplet = client.read(f"droplets/{id}", "droplet", "Error importing droplet")
        image: Properties = droplet["image"]
        return id, _state({"image": image.get("slug") or str(image["id"]), "resizeDisk": True}, droplet)

    def update(
        self, client: Api, id: str, prior: Properties, planned: Properties, timeout: float
    ) -> Properties:  # noqa: A002
        """The actions that the changed properties need, one after the other, then GET /v2/droplets/ID."""
        changed = {key for key in self.fields if planned.get(key) != prior.get(key)}
        if "size" in changed:
            _resize(client, id, planned, timeout)
        if "name" in changed:
            _rename(client, id, prior, planned, timeout)
        if "backups" in changed:
            _switch_backups(client, id, planned)
        elif "backupPolicy" in changed and planned["backupPolicy"]:
            _change_backup_policy(client, id, planned)
        if "privateNetworking" in changed and planned["privateNetworking"]:
            _enable(client, id, "private_networking", "private networking", timeout)
        if "ipv6" in changed and planned["ipv6"]:
            _enable(client, id, "ipv6", "ipv6", timeout)
        if "tags" in changed:
            set_tags(client, "droplet", id, prior.get("tags") or [], planned["tags"] or [])
        if "volumeIds" in changed:
            _move_volumes(client, id, set(prior.get("volumeIds") or []), set(planned["volumeIds"] or []))
        return self.read(client, id, planned)

    def delete(self, client: Api, id: str, prior: Properties, timeout: float) -> None:  # noqa: A002
        """Wait until it is unlocked, shut it down if asked to, detach its volumes, delete it, wait until it is gone."""
        watch = _Watch(client, id)
        try:
            watch.until("false", ("", "true"), "locked", timeout)
        except ProviderError as error:
            raise ProviderError(
                f"Error waiting for droplet to be unlocked for destroy ({id}): {error}"
            ) from error
        if prior.get("gracefulShutdown"):
            _shut_down(client, id, watch, timeout)
        try:
            for volume in by_hash(watch.droplet.get("volume_ids") or []):
                _detach(client, id, volume)
        except ProviderError as error:
            raise ProviderError(f"Error detaching the volumes from the droplet ({id}): {error}") from error
        try:
            client.delete(f"droplets/{id}")
        except ApiError as error:
            if error.status == 404:
                return
            raise ProviderError(f"Error deleting droplet: {error}") from error
        try:
            watch.until(
                "Not Found", ("active", "off", "archive"), "status", _DESTROY_TIMEOUT, gone="Not Found"
            )
        except ProviderError as error:
            raise ProviderError(f"Error deleting droplet: {error}") from error


class _Watch:
    """Polls one droplet, and keeps what was last seen of it."""

    def __init__(self, api: Api, id: str) -> None:  # noqa: A002
        self._api = api
        self._id = id
        self.droplet: Properties = {}

    def until(
        self, target: str, pending: tuple[str, ...], attribute: str, timeout: float, gone: str | None = None
    ) -> None:
        def look() -> str | None:
            try:
                self.droplet = self._api.get(f"droplets/{self._id}")["droplet"]
            except ApiError as error:
                if error.status == 404 and gone:
                    return gone
                raise ProviderError(f"Error retrieving droplet: {error}") from error
            # Nothing can be done to a locked droplet, whatever its status is.
            return None if self.droplet["locked"] else _attribute(self.droplet, attribute)

        self._api.waiter.until(target, pending, look, timeout)


def _attribute(droplet: Properties, name: str) -> str:
    if name in ("ipv6", "private_networking"):
        return str(name in droplet["features"]).lower()
    value = droplet[name]
    return str(value).lower() if isinstance(value, bool) else value


def _body(inputs: Properties, planned: Properties) -> Properties:
    image = planned["image"]
    body: Properties = {
        "name": planned["name"],
        "region": "" if planned["region"] == UNKNOWN else planned["region"],
        "size": planned["size"],
        "image": _number_or_text(image),
        "ssh_keys": [_number_or_text(key) for key in by_hash(planned["sshKeys"])]
        if planned["sshKeys"]
        else None,
        "backups": planned["backups"],
        "ipv6": planned["ipv6"],
        "private_networking": planned["privateNetworking"] is True,
        "monitoring": planned["monitoring"],
        "tags": tags_by_hash(planned["tags"] or []),
    }
    if inputs.get("userData"):
        body["user_data"] = inputs["userData"]
    if inputs.get("volumeIds"):
        body["volumes"] = [{"id": volume} for volume in by_hash(inputs["volumeIds"])]
    if inputs.get("vpcUuid"):
        body["vpc_uuid"] = inputs["vpcUuid"]
    if inputs.get("publicNetworking") is False:
        body["public_networking"] = False
    if planned["dropletAgent"] is not None:
        body["with_droplet_agent"] = planned["dropletAgent"]
    if planned["backupPolicy"]:
        body["backup_policy"] = planned["backupPolicy"]
    return body


def _number_or_text(value: str) -> int | str:
    return int(value) if value.isdecimal() else value


def _state(kept: Properties, droplet: Properties) -> Properties:
    networks: list[Properties] = droplet["networks"].get("v4") or []
    networks6: list[Properties] = droplet["networks"].get("v6") or []
    public = _address(networks, "public")
    state: Properties = {key: kept.get(key) for key in Droplet.fields}
    state |= {
        "name": droplet["name"],
        "dropletUrn": f"do:droplet:{droplet['id']}",
        "region": droplet["region"]["slug"],
        "size": droplet["size"]["slug"],
        "priceHourly": droplet["size"]["price_hourly"],
        "priceMonthly": droplet["size"]["price_monthly"],
        "disk": droplet["disk"],
        "vcpus": droplet["vcpus"],
        "memory": droplet["memory"],
        "status": droplet["status"],
        "locked": droplet["locked"],
        "createdAt": droplet["created_at"],
        "vpcUuid": droplet.get("vpc_uuid") or "",
        "ipv4Address": public,
        "ipv4AddressPrivate": _address(networks, "private"),
        "ipv6Address": _address(networks6, "public").lower(),
        "publicNetworking": public != "",
        "volumeIds": sorted(droplet.get("volume_ids") or []),
        "tags": sorted(droplet.get("tags") or []),
    }
    features: list[str] | None = droplet.get("features")
    if features is not None:
        state |= {
            "backups": "backups" in features,
            "ipv6": "ipv6" in features,
            "privateNetworking": "private_networking" in features,
            "monitoring": "monitoring" in features,
        }
    return state


def _address(networks: list[Properties], kind: str) -> str:
    return next((network["ip_address"] for network in networks if network["type"] == kind), "")


def _act(api: Api, id: str, failed: str, **action: Any) -> Properties:  # noqa: A002
    try:
        return api.post(f"droplets/{id}/actions", action)["action"]
    except ProviderError as error:
        raise ProviderError(f"{failed}: {error}") from error


def _finish(api: Api, action: Properties, failed: str) -> None:
    try:
        api.finish(action)
    except ProviderError as error:
        raise ProviderError(f"{failed}: {error}") from error


def _resize(api: Api, id: str, planned: Properties, timeout: float) -> None:  # noqa: A002
    watch = _Watch(api, id)
    try:
        _act(api, id, f"Error powering off droplet ({id})", type="power_off")
    except ProviderError as error:
        if "Droplet is already powered off" not in str(error):
            raise
    try:
        watch.until("off", ("active",), "status", timeout)
    except ProviderError as error:
        raise ProviderError(f"Error waiting for droplet ({id}) to become powered off: {error}") from error

    def resize() -> None:
        action = _act(
            api,
            id,
            f"Error resizing droplet ({id})",
            type="resize",
            size=planned["size"],
            disk=planned["resizeDisk"],
        )
        _finish(api, action, f"Error waiting for resize droplet ({id}) to finish")

    _then_power_on(api, id, watch, timeout, resize)


def _then_power_on(api: Api, id: str, watch: _Watch, timeout: float, resize: Callable[[], None]) -> None:  # noqa: A002
    try:
        resize()
    except ProviderError as error:
        # A droplet that could not be resized goes on as it was.
        try:
            _act(api, id, "", type="power_on")
            watch.until("active", ("off",), "status", timeout)
        except ProviderError:
            raise ProviderError(f"Error powering on droplet ({id}) after failed resize: {error}") from error
        raise
    _act(api, id, f"Error powering on droplet ({id}) after resize", type="power_on")
    watch.until("active", ("off",), "status", timeout)


def _rename(api: Api, id: str, prior: Properties, planned: Properties, timeout: float) -> None:  # noqa: A002
    _act(api, id, f"Error renaming droplet ({id})", type="rename", name=planned["name"])
    try:
        _Watch(api, id).until(planned["name"], ("", prior.get("name", "")), "name", timeout)
    except ProviderError as error:
        raise ProviderError(f"Error waiting for rename droplet ({id}) to finish: {error}") from error


def _switch_backups(api: Api, id: str, planned: Properties) -> None:  # noqa: A002
    policy = {"backup_policy": planned["backupPolicy"]} if planned["backupPolicy"] else {}
    if planned["backups"]:
        action = _act(api, id, f"Error enabling backups on droplet ({id})", type="enable_backups", **policy)
        _finish(api, action, f"Error waiting for backups to be enabled for droplet ({id})")
        return
    if policy:
        raise ProviderError("backup_policy can only be set when backups are enabled")
    action = _act(api, id, f"Error disabling backups on droplet ({id})", type="disable_backups")
    _finish(api, action, f"Error waiting for backups to be disabled for droplet ({id})")


def _change_backup_policy(api: Api, id: str, planned: Properties) -> None:  # noqa: A002
    if not planned["backups"]:
        raise ProviderError("backup_policy can only be set when backups are enabled")
    action = _act(
        api,
        id,
        f"error changing backup policy on droplet ({id})",
        type="change_backup_policy",
        backup_policy=planned["backupPolicy"],
    )
    _finish(api, action, f"error waiting for backup policy to be changed for droplet ({id})")


def _enable(api: Api, id: str, feature: str, called: str, timeout: float) -> None:  # noqa: A002
    _act(api, id, f"Error enabling {called} for droplet ({id})", type=f"enable_{feature}")
    try:
        _Watch(api, id).until("true", ("", "false"), feature, timeout)
    except ProviderError as error:
        raise ProviderError(
            f"Error waiting for {called} to be enabled for droplet ({id}): {error}"
        ) from error


def _move_volumes(api: Api, id: str, old: set[str], new: set[str]) -> None:  # noqa: A002
    for volume in sorted(new - old):
        try:
            action = api.post(f"volumes/{volume}/actions", {"type": "attach", "droplet_id": int(id)})[
                "action"
            ]
        except ProviderError as error:
            raise ProviderError(f'Error attaching volume "{volume}" to droplet ({id}): {error}') from error
        _finish(api, action, f'Error waiting for volume "{volume}" to attach to droplet ({id})')
    for volume in sorted(old - new):
        try:
            _detach(api, id, volume)
        except ProviderError as error:
            raise ProviderError(f'Error detaching volume "{volume}" on droplet {id}: {error}') from error


def _detach(api: Api, id: str, volume: str) -> None:  # noqa: A002
    try:
        action = api.post(f"volumes/{volume}/actions", {"type": "detach", "droplet_id": int(id)})["action"]
    except ProviderError as error:
        raise ProviderError(f'Error detaching volume "{volume}" from droplet ({id}): {error}') from error
    _finish(api, action, f'Error waiting for volume "{volume}" to detach from droplet ({id})')


def _shut_down(api: Api, id: str, watch: _Watch, timeout: float) -> None:  # noqa: A002
    _act(api, id, f"Error shutting down the the droplet ({id})", type="shutdown")
    try:
        watch.until("off", ("active",), "status", timeout)
    except ProviderError as error:
        raise ProviderError(f"Error waiting for droplet ({id}) to become off: {error}") from error
