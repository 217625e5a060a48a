"""``digitalocean.MonitorAlert``."""

from __future__ import annotations

from typing import Any, ClassVar

from localcloud.plugins.digitalocean.api import DigitalOceanApi
from localcloud.plugins.digitalocean.set_order import tags_by_hash
from localcloud.plugins.digitalocean.tagging import TAGS
from localcloud.plugins.errors import ProviderError
from localcloud.plugins.resource import Resource
from localcloud.plugins.schema import Field, Fields, Shape
from localcloud.plugins.values import Properties, members

_SLACK = {"channel": Field(required=True), "url": Field(required=True)}
_RECIPIENTS = {
    "emails": Field(shape=Shape.LIST, optional=True),
    "slacks": Field(shape=Shape.LIST, optional=True, nested=_SLACK),
}


class MonitorAlert(Resource[DigitalOceanApi]):
    """A policy by which DigitalOcean sends alerts about a droplet's measurements."""

    type = "digitalocean:index/monitorAlert:MonitorAlert"
    fields: ClassVar[Fields] = {
        "alerts": Field(shape=Shape.OBJECT, required=True, nested=_RECIPIENTS),
        "compare": Field(required=True),
        "description": Field(required=True),
        "enabled": Field(optional=True, default=True),
        "entities": Field(shape=Shape.SET, optional=True),
        "tags": TAGS,
        "type": Field(required=True),
        "uuid": Field(computed=True),
        "value": Field(required=True),
        "window": Field(required=True),
    }

    def create(self, client: DigitalOceanApi, inputs: Properties, planned: Properties) -> str:
        """POST /v2/monitoring/alerts."""
        try:
            return client.post("monitoring/alerts", _body(planned))["policy"]["uuid"]
        except ProviderError as error:
            raise ProviderError(f"Error creating Alert Policy: {error}") from error

    def settle(
        self, client: DigitalOceanApi, object_id: str, planned: Properties, timeout: float
    ) -> Properties:
        """GET /v2/monitoring/alerts/UUID."""
        return self.read(client, object_id, planned)

    def read(self, client: DigitalOceanApi, object_id: str, prior: Properties) -> Properties:
        """GET /v2/monitoring/alerts/UUID. The real provider leaves the output ``uuid`` empty."""
        policy = client.read(f"monitoring/alerts/{object_id}", "policy", "Error reading Alert")
        recipients = members(policy.get("alerts"))
        recipients_by_kind = {"emails": recipients.get("email"), "slacks": recipients.get("slack")}
        return {
            "alerts": {key: list(value) for key, value in recipients_by_kind.items() if value},
            "entities": sorted(policy.get("entities") or []),
            "tags": tags_by_hash(policy.get("tags") or []),
            "uuid": "",
            **{key: policy[key] for key in ("compare", "description", "enabled", "type", "value", "window")},
        }

    def update(
        self, client: DigitalOceanApi, object_id: str, prior: Properties, planned: Properties, timeout: float
    ) -> Properties:
        """PUT /v2/monitoring/alerts/UUID."""
        try:
            client.put(f"monitoring/alerts/{object_id}", _body(planned))
        except ProviderError as error:
            raise ProviderError(f"Error updating monitoring alert: {error}") from error
        return self.read(client, object_id, prior)

    def delete(self, client: DigitalOceanApi, object_id: str, prior: Properties, timeout: float) -> None:
        """DELETE /v2/monitoring/alerts/UUID."""
        try:
            client.delete(f"monitoring/alerts/{object_id}")
        except ProviderError as error:
            raise ProviderError(f"Error deleting monitor alert: {error}") from error


def _body(planned: Properties) -> dict[str, Any]:
    recipients = members(planned["alerts"])
    return {
        "type": planned["type"],
        "description": planned["description"],
        "compare": planned["compare"],
        "value": planned["value"],
        "window": planned["window"],
        "entities": list(planned["entities"] or []),
        "tags": list(planned["tags"] or []),
        "alerts": {"slack": recipients.get("slacks"), "email": recipients.get("emails")},
        "enabled": planned["enabled"],
    }
