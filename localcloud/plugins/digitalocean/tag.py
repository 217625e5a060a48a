"""``digitalocean.Tag``."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import quote

from localcloud.plugins.digitalocean.api import DigitalOceanApi
from localcloud.plugins.errors import ProviderError
from localcloud.plugins.resource import Resource
from localcloud.plugins.schema import Field, Fields
from localcloud.plugins.values import Properties, members

_COUNTED = {
    "dropletsCount": "droplets",
    "imagesCount": "images",
    "volumesCount": "volumes",
    "volumeSnapshotsCount": "volume_snapshots",
    "databasesCount": "databases",
}


class Tag(Resource[DigitalOceanApi]):
    """A tag; its name is its id."""

    type = "digitalocean:index/tag:Tag"
    fields: ClassVar[Fields] = {
        "name": Field(required=True, replace=True),
        "totalResourceCount": Field(computed=True),
        **{key: Field(computed=True) for key in _COUNTED},
    }

    def create(self, client: DigitalOceanApi, inputs: Properties, planned: Properties) -> str:
        """POST /v2/tags."""
        try:
            return client.post("tags", {"name": planned["name"]})["tag"]["name"]
        except ProviderError as error:
            raise ProviderError(f"Error creating tag: {error}") from error

    def settle(
        self, client: DigitalOceanApi, object_id: str, planned: Properties, timeout: float
    ) -> Properties:
        """GET /v2/tags/NAME."""
        return self.read(client, object_id, planned)

    def read(self, client: DigitalOceanApi, object_id: str, prior: Properties) -> Properties:
        """GET /v2/tags/NAME."""
        tag = client.read(f"tags/{quote(object_id)}", "tag", "Error retrieving tag")
        counts = members(tag.get("resources"))
        return {
            "name": tag["name"],
            "totalResourceCount": counts.get("count", 0),
            **{key: members(counts.get(kind)).get("count", 0) for key, kind in _COUNTED.items()},
        }

    def update(
        self, client: DigitalOceanApi, object_id: str, prior: Properties, planned: Properties, timeout: float
    ) -> Properties:
        """Do nothing: a tag has no property that can change."""
        return self.read(client, object_id, prior)

    def delete(self, client: DigitalOceanApi, object_id: str, prior: Properties, timeout: float) -> None:
        """DELETE /v2/tags/NAME."""
        try:
            client.delete(f"tags/{quote(object_id)}")
        except ProviderError as error:
            raise ProviderError(f"Error deleting tag: {error}") from error
