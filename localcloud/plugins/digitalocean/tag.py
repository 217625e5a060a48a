"""``digitalocean.Tag``."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from localcloud.plugins.digitalocean.api import Api
from localcloud.plugins.errors import ProviderError
from localcloud.plugins.resource import Resource
from localcloud.plugins.schema import Field
from localcloud.plugins.values import Properties

_COUNTED = {
    "dropletsCount": "droplets",
    "imagesCount": "images",
    "volumesCount": "volumes",
    "volumeSnapshotsCount": "volume_snapshots",
    "databasesCount": "databases",
}


class Tag(Resource[Api]):
    """A tag; its name is its id."""

    type = "digitalocean:index/tag:Tag"
    fields = {
        "name": Field(required=True, replace=True),
        "totalResourceCount": Field(computed=True),
        **{key: Field(computed=True) for key in _COUNTED},
    }

    def create(self, client: Api, inputs: Properties, planned: Properties) -> str:
        """POST /v2/tags."""
        try:
            return client.post("tags", {"name": planned["name"]})["tag"]["name"]
        except ProviderError as error:
            raise ProviderError(f"Error creating tag: {error}") from error

    def settle(self, client: Api, id: str, planned: Properties, timeout: float) -> Properties:  # noqa: A002
        """GET /v2/tags/NAME."""
        return self.read(client, id, planned)

    def read(self, client: Api, id: str, prior: Properties) -> Properties:  # noqa: A002
        """GET /v2/tags/NAME."""
        tag = client.read(f"tags/{quote(id)}", "tag", "Error retrieving tag")
        counts: dict[str, Any] = tag.get("resources") or {}
        return {
            "name": tag["name"],
            "totalResourceCount": counts.get("count", 0),
            **{key: (counts.get(kind) or {}).get("count", 0) for key, kind in _COUNTED.items()},
        }

    def update(
        self, client: Api, id: str, prior: Properties, planned: Properties, timeout: float
    ) -> Properties:  # noqa: A002
        """Nothing of a tag can change."""
        return self.read(client, id, prior)

    def delete(self, client: Api, id: str, prior: Properties, timeout: float) -> None:  # noqa: A002
        """DELETE /v2/tags/NAME."""
        try:
            client.delete(f"tags/{quote(id)}")
        except ProviderError as error:
            raise ProviderError(f"Error deleting tag: {error}") from error
