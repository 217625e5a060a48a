"""Tags of droplets and volumes."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from localcloud.plugins.digitalocean.api import DigitalOceanApi
from localcloud.plugins.errors import ProviderError
from localcloud.plugins.schema import Field, Shape

TAGS = Field(shape=Shape.SET, optional=True)


def set_tags(api: DigitalOceanApi, kind: str, object_id: str, old: Iterable[str], new: Iterable[str]) -> None:
    """Untag and tag one ``droplet`` or ``volume``. New tags are created first."""
    resources = {"resources": [{"resource_id": object_id, "resource_type": kind}]}
    try:
        for tag in sorted(set(old) - set(new)):
            api.delete(f"tags/{quote(tag)}/resources", resources)
        for tag in sorted(set(new) - set(old)):
            created = api.post("tags", {"name": tag})["tag"]["name"]
            api.post(f"tags/{quote(created)}/resources", resources)
    except ProviderError as error:
        raise ProviderError(f"Error updating tags: {error}") from error
