"""``digitalocean.Vpc``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from localcloud.plugins import errors
from localcloud.plugins.digitalocean.api import DigitalOceanApi
from localcloud.plugins.errors import NoAnswerError, ProviderError, StatusError
from localcloud.plugins.resource import Resource, Timeouts
from localcloud.plugins.schema import Field, Fields
from localcloud.plugins.values import UNKNOWN, Properties

_STILL_USED = (403, 409)


class Vpc(Resource[DigitalOceanApi]):
    """A private network."""

    type = "digitalocean:index/vpc:Vpc"
    fields: ClassVar[Fields] = {
        "name": Field(required=True),
        "region": Field(required=True, replace=True),
        "description": Field(optional=True),
        "ipRange": Field(optional=True, computed=True, replace=True),
        "vpcUrn": Field(computed=True),
        "default": Field(computed=True),
        "createdAt": Field(computed=True),
    }
    timeouts = Timeouts(delete=2 * 60)

    def create(self, client: DigitalOceanApi, inputs: Properties, planned: Properties) -> str:
        """POST /v2/vpcs."""
        body = {"name": planned["name"], "region": planned["region"]}
        optional = {"description": planned["description"], "ip_range": planned["ipRange"]}
        body |= {key: value for key, value in optional.items() if value not in (None, "", UNKNOWN)}
        try:
            return client.post("vpcs", body)["vpc"]["id"]
        except ProviderError as error:
            raise ProviderError(f"Error creating VPC: {error}") from error

    def settle(
        self, client: DigitalOceanApi, object_id: str, planned: Properties, timeout: float
    ) -> Properties:
        """GET /v2/vpcs/ID."""
        return self.read(client, object_id, planned)

    def read(self, client: DigitalOceanApi, object_id: str, prior: Properties) -> Properties:
        """GET /v2/vpcs/ID."""
        vpc = client.read(f"vpcs/{object_id}", "vpc", "Error reading VPC")
        return {
            "name": vpc["name"],
            "region": vpc["region"],
            "description": vpc.get("description") or "",
            "ipRange": vpc["ip_range"],
            "vpcUrn": vpc["urn"],
            "default": vpc["default"],
            "createdAt": _go_time(vpc["created_at"]),
        }

    def update(
        self, client: DigitalOceanApi, object_id: str, prior: Properties, planned: Properties, timeout: float
    ) -> Properties:
        """PUT /v2/vpcs/ID if the name or the description changed."""
        if any((prior.get(key) or "") != (planned.get(key) or "") for key in ("name", "description")):
            body = {
                "name": planned["name"],
                "description": planned["description"] or "",
                "default": bool(prior.get("default")),
            }
            try:
                client.put(f"vpcs/{object_id}", body)
            except ProviderError as error:
                raise ProviderError(f"Error updating VPC : {error}") from error
        return self.read(client, object_id, prior)

    def delete(self, client: DigitalOceanApi, object_id: str, prior: Properties, timeout: float) -> None:
        """DELETE /v2/vpcs/ID, repeated while the VPC still has members."""
        refusal: list[StatusError] = []

        def read_state() -> str:
            try:
                client.delete(f"vpcs/{object_id}")
            except NoAnswerError as error:
                errors.crash(error)
            except StatusError as error:
                if error.status not in _STILL_USED:
                    raise ProviderError(f"Error deleting VPC: {error}") from error
                refusal[:] = [error]
                return "used"
            return "deleted"

        try:
            client.waiter.until("deleted", ("used",), read_state, timeout)
        except StatusError:
            raise
        except ProviderError as error:
            if refusal and str(error).startswith("timeout"):
                raise refusal[0] from error
            raise


def _go_time(timestamp: str) -> str:
    moment = datetime.fromisoformat(timestamp).astimezone(UTC)
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} +0000 UTC"
