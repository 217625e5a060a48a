"""``digitalocean.Droplet``."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from localcloud.plugins import errors
from localcloud.plugins.digitalocean import droplet_actions
from localcloud.plugins.digitalocean.api import DigitalOceanApi
from localcloud.plugins.digitalocean.droplet_actions import NOT_FOUND, Operation, Watch
from localcloud.plugins.digitalocean.set_order import by_hash, tags_by_hash
from localcloud.plugins.digitalocean.tagging import TAGS, set_tags
from localcloud.plugins.errors import NoAnswerError, ProviderError, StatusError
from localcloud.plugins.resource import Resource, Timeouts
from localcloud.plugins.schema import Field, Fields, Shape
from localcloud.plugins.values import UNKNOWN, Properties
from localcloud.plugins.waiting import Deadline

_DESTROY_TIMEOUT = 60.0
"""Seconds to wait after DELETE, whatever the limit of the deletion is."""
_PAUSE = 0.1
"""Seconds before each wait of a deletion. The real provider pauses for 10 s."""

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


class Droplet(Resource[DigitalOceanApi]):
    """A virtual machine."""

    type = "digitalocean:index/droplet:Droplet"
    fields: ClassVar[Fields] = {
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

    def create(self, client: DigitalOceanApi, inputs: Properties, planned: Properties) -> str:
        """POST /v2/droplets."""
        if planned["backupPolicy"] and not planned["backups"]:
            raise ProviderError("backup_policy can only be set when backups are enabled")
        try:
            return str(client.post("droplets", _body(inputs, planned))["droplet"]["id"])
        except ProviderError as error:
            raise ProviderError(f"Error creating droplet: {error}") from error

    def settle(
        self, client: DigitalOceanApi, object_id: str, planned: Properties, timeout: float
    ) -> Properties:
        """GET /v2/droplets/ID until the droplet is active. The last answer is the state."""
        watch = Watch(client, object_id, Operation.CREATE)
        try:
            watch.until("active", ("new",), "status", timeout)
        except ProviderError as error:
            raise ProviderError(
                f"Error waiting for droplet ({object_id}) to become ready: {error}"
            ) from error
        return _state(planned, watch.droplet)

    def read(self, client: DigitalOceanApi, object_id: str, prior: Properties) -> Properties:
        """GET /v2/droplets/ID."""
        return _state(prior, client.read(f"droplets/{object_id}", "droplet", "Error retrieving droplet"))

    def found(self, client: DigitalOceanApi, object_id: str, prior: Properties) -> tuple[str, Properties]:
        """Read a droplet. Its image can change later, so it is read only in an import."""
        if prior:
            return object_id, self.read(client, object_id, prior)
        droplet = client.read(f"droplets/{object_id}", "droplet", "Error importing droplet")
        image: Properties = droplet["image"]
        return object_id, _state(
            {"image": image.get("slug") or str(image["id"]), "resizeDisk": True}, droplet
        )

    def update(
        self, client: DigitalOceanApi, object_id: str, prior: Properties, planned: Properties, timeout: float
    ) -> Properties:
        """Run the actions for the changed properties one after the other, then GET /v2/droplets/ID."""
        changed = {key for key in self.fields if planned.get(key) != prior.get(key)}
        if "size" in changed:
            droplet_actions.resize(client, object_id, planned, timeout)
        if "name" in changed:
            droplet_actions.rename(client, object_id, prior, planned, timeout)
        if "backups" in changed:
            droplet_actions.switch_backups(client, object_id, planned)
        elif "backupPolicy" in changed and planned["backupPolicy"]:
            droplet_actions.change_backup_policy(client, object_id, planned)
        if "privateNetworking" in changed and planned["privateNetworking"]:
            droplet_actions.enable(client, object_id, "private_networking", "private networking", timeout)
        if "ipv6" in changed and planned["ipv6"]:
            droplet_actions.enable(client, object_id, "ipv6", "ipv6", timeout)
        if "tags" in changed:
            set_tags(client, "droplet", object_id, prior.get("tags") or [], planned["tags"] or [])
        if "volumeIds" in changed:
            droplet_actions.move_volumes(
                client, object_id, set(prior.get("volumeIds") or []), set(planned["volumeIds"] or [])
            )
        return self.read(client, object_id, planned)

    def delete(self, client: DigitalOceanApi, object_id: str, prior: Properties, timeout: float) -> None:
        """Wait for the lock, shut down if requested, detach volumes, delete, and wait until the droplet is deleted.

        As in Terraform's SDK, one deadline holds for all of it. The wait for a detached volume alone does not know it.
        """
        deadline = Deadline(timeout)
        watch = Watch(client, object_id, Operation.DELETE, pause=_PAUSE, deadline=deadline)
        try:
            watch.until("false", ("", "true"), "locked", timeout)
        except ProviderError as error:
            raise ProviderError(
                f"Error waiting for droplet to be unlocked for destroy ({object_id}): {error}"
            ) from error
        if prior.get("gracefulShutdown"):
            droplet_actions.shut_down(client, object_id, watch, timeout)
        try:
            for volume in by_hash(watch.droplet.get("volume_ids") or []):
                droplet_actions.detach(client, object_id, volume, pause=_PAUSE)
        except ProviderError as error:
            raise ProviderError(
                f"Error detaching the volumes from the droplet ({object_id}): {error}"
            ) from error
        try:
            client.delete(f"droplets/{object_id}")
        except NoAnswerError as error:
            errors.crash(error)
        except StatusError as error:
            # The real provider ignores all other refusals, and waits all the same.
            if error.status == 404:
                return
        try:
            watch.until(NOT_FOUND, ("active", "off"), "status", _DESTROY_TIMEOUT)
        except ProviderError as error:
            # The real provider takes each text with these digits for an answer that there is no droplet.
            if "404" in str(error):
                return
            raise ProviderError(f"Error deleting droplet: {error}") from error


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
