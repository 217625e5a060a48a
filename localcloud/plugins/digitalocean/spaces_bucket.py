"""``digitalocean.SpacesBucket``.

It follows the provider's source (``digitalocean/spaces/resource_spaces_bucket.go``), since no exchange with the real
Spaces was recorded. A bucket's rules (CORS, lifecycle, versioning) are neither set nor read.
"""

from __future__ import annotations

from typing import ClassVar

from localcloud.plugins.digitalocean.api import DigitalOceanApi
from localcloud.plugins.digitalocean.spaces import SpacesError
from localcloud.plugins.errors import GoneError, ProviderError
from localcloud.plugins.resource import Resource
from localcloud.plugins.schema import Field, Fields
from localcloud.plugins.values import UNKNOWN, Properties

REGIONS = ("ams3", "atl1", "blr1", "fra1", "lon1", "nyc3", "sfo2", "sfo3", "sgp1", "syd1", "tor1")


class SpacesBucket(Resource[DigitalOceanApi]):
    """A bucket; its name is its id."""

    type = "digitalocean:index/spacesBucket:SpacesBucket"
    fields: ClassVar[Fields] = {
        "name": Field(required=True),
        "region": Field(optional=True, replace=True, default="nyc3", stored=str.lower),
        "acl": Field(optional=True, default="private"),
        "forceDestroy": Field(optional=True, default=False),
        "bucketUrn": Field(computed=True),
        "bucketDomainName": Field(computed=True),
        "endpoint": Field(computed=True),
    }

    def check_plan(self, planned: Properties, prior: Properties | None) -> None:
        """Reject regions that the provider does not know."""
        region = planned["region"]
        if region != UNKNOWN and region.lower() not in REGIONS:
            known = " ".join(f'"{one}"' for one in REGIONS)
            raise ProviderError(f"expected region to be one of [{known}], got {region}")

    def create(self, client: DigitalOceanApi, inputs: Properties, planned: Properties) -> str:
        """PUT /NAME.

        Spaces answers 409 ``BucketAlreadyExists`` also to the owner of a bucket that exists
        (https://github.com/mendersoftware/deployments/pull/659). Versity's gateway has another code for the owner.
        """
        name = planned["name"]
        try:
            client.spaces.create(planned["region"], name, planned["acl"])
        except SpacesError as error:
            text = str(error).replace("BucketAlreadyOwnedByYou", "BucketAlreadyExists")
            raise ProviderError(f"Error creating Spaces bucket: {text}") from error
        except ProviderError as error:
            raise ProviderError(f"Error creating bucket: {error}") from error
        return name

    def settle(
        self, client: DigitalOceanApi, object_id: str, planned: Properties, timeout: float
    ) -> Properties:
        """HEAD /NAME and GET /NAME?location."""
        return self.read(client, object_id, planned)

    def read(self, client: DigitalOceanApi, object_id: str, prior: Properties) -> Properties:
        """HEAD /NAME and GET /NAME?location."""
        region = prior["region"]
        try:
            client.spaces.check(region, object_id)
            region = client.spaces.location(region, object_id) or region
        except SpacesError as error:
            if error.status == 404:
                raise GoneError from error
            raise ProviderError(f'error reading Spaces bucket "{object_id}": {error}') from error
        return {
            **{key: prior.get(key) for key in self.fields},
            "name": prior["name"],
            "region": region,
            "bucketUrn": f"do:space:{prior['name']}",
            "bucketDomainName": f"{prior['name']}.{region}.digitaloceanspaces.com",
            "endpoint": f"{region}.digitaloceanspaces.com",
        }

    def found(self, client: DigitalOceanApi, object_id: str, prior: Properties) -> tuple[str, Properties]:
        """Read a bucket. An import names it as ``REGION,NAME``, and leaves its ACL unknown."""
        if prior:
            return object_id, self.read(client, object_id, prior)
        region, _, name = object_id.rpartition(",")
        if not region:
            raise ProviderError("importing a Spaces bucket requires the format: <region>,<name>")
        return name, self.read(client, name, {"name": name, "region": region, "forceDestroy": False})

    def update(
        self, client: DigitalOceanApi, object_id: str, prior: Properties, planned: Properties, timeout: float
    ) -> Properties:
        """Store the planned state. Like the real provider, it does not change the bucket."""
        return self.read(client, object_id, planned)

    def delete(self, client: DigitalOceanApi, object_id: str, prior: Properties, timeout: float) -> None:
        """DELETE /NAME, which the store rejects unless the bucket is empty."""
        try:
            client.spaces.delete(prior["region"], object_id)
        except ProviderError as error:
            raise ProviderError(f'Error deleting Spaces Bucket: {error} "{object_id}"') from error
