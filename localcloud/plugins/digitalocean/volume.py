"""``digitalocean.Volume``."""

from __future__ import annotations

from typing import ClassVar

from localcloud.plugins.digitalocean.api import DigitalOceanApi
from localcloud.plugins.digitalocean.set_order import tags_by_hash
from localcloud.plugins.digitalocean.tagging import TAGS, set_tags
from localcloud.plugins.errors import ProviderError
from localcloud.plugins.resource import Resource
from localcloud.plugins.schema import Field, Fields, Shape
from localcloud.plugins.values import UNKNOWN, Properties


class Volume(Resource[DigitalOceanApi]):
    """A block storage volume."""

    type = "digitalocean:index/volume:Volume"
    fields: ClassVar[Fields] = {
        "name": Field(required=True, replace=True),
        "region": Field(required=True, replace=True, stored=str.lower),
        "size": Field(required=True),
        "description": Field(optional=True, replace=True),
        "snapshotId": Field(optional=True, replace=True),
        "initialFilesystemType": Field(optional=True, replace=True),
        "initialFilesystemLabel": Field(optional=True, replace=True),
        "filesystemType": Field(optional=True, computed=True),
        "filesystemLabel": Field(computed=True),
        "dropletIds": Field(shape=Shape.SET, computed=True),
        "volumeUrn": Field(computed=True),
        "tags": TAGS,
    }

    def check_plan(self, planned: Properties, prior: Properties | None) -> None:
        """Reject a smaller size."""
        size = planned["size"]
        if prior is not None and size != UNKNOWN and size < prior.get("size", 0):
            raise ProviderError("volumes `size` can only be expanded and not shrunk")

    def create(self, client: DigitalOceanApi, inputs: Properties, planned: Properties) -> str:
        """POST /v2/volumes."""
        filesystem = planned["initialFilesystemType"] or planned["filesystemType"]
        body = {
            "region": planned["region"],
            "name": planned["name"],
            "description": planned["description"] or "",
            "size_gigabytes": planned["size"],
            "snapshot_id": planned["snapshotId"] or "",
            "filesystem_type": "" if filesystem in (None, UNKNOWN) else filesystem,
            "filesystem_label": planned["initialFilesystemLabel"] or "",
            "tags": tags_by_hash(planned["tags"] or []),
        }
        try:
            return client.post("volumes", body)["volume"]["id"]
        except ProviderError as error:
            raise ProviderError(f"Error creating Volume: {error}") from error

    def settle(
        self, client: DigitalOceanApi, object_id: str, planned: Properties, timeout: float
    ) -> Properties:
        """GET /v2/volumes/ID."""
        return self.read(client, object_id, planned)

    def read(self, client: DigitalOceanApi, object_id: str, prior: Properties) -> Properties:
        """GET /v2/volumes/ID."""
        volume = client.read(f"volumes/{object_id}", "volume", "Error retrieving volume")
        state: Properties = {key: prior.get(key) for key in self.fields}
        state |= {
            "name": volume["name"],
            "region": volume["region"]["slug"],
            "size": volume["size_gigabytes"],
            "volumeUrn": f"do:volume:{object_id}",
            "tags": sorted(volume.get("tags") or []),
            "dropletIds": sorted(volume.get("droplet_ids") or []),
        }
        reported = {"description": "description", "filesystemType": "filesystem_type"}
        reported["filesystemLabel"] = "filesystem_label"
        state |= {key: volume[name] for key, name in reported.items() if volume.get(name)}
        return state

    def update(
        self, client: DigitalOceanApi, object_id: str, prior: Properties, planned: Properties, timeout: float
    ) -> Properties:
        """Resize the volume by an action, then change its tags."""
        if planned["size"] != prior.get("size"):
            body = {"type": "resize", "size_gigabytes": planned["size"], "region": planned["region"]}
            try:
                action = client.post(f"volumes/{object_id}/actions", body)["action"]
            except ProviderError as error:
                raise ProviderError(f"Error resizing volume ({object_id}): {error}") from error
            try:
                client.finish(action)
            except ProviderError as error:
                raise ProviderError(
                    f"Error waiting for resize volume ({object_id}) to finish: {error}"
                ) from error
        set_tags(client, "volume", object_id, prior.get("tags") or [], planned["tags"] or [])
        return self.read(client, object_id, planned)

    def delete(self, client: DigitalOceanApi, object_id: str, prior: Properties, timeout: float) -> None:
        """DELETE /v2/volumes/ID."""
        try:
            client.delete(f"volumes/{object_id}")
        except ProviderError as error:
            raise ProviderError(f"Error deleting volume: {error}") from error
