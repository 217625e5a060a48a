"""The base class of keys, requests and certificates, which exist only in the engine's state."""

from __future__ import annotations

from localcloud.plugins.resource import Resource
from localcloud.plugins.values import Properties


class OfflineResource(Resource[None]):
    """A resource that exists only in the engine's state."""

    def settle(self, client: None, object_id: str, planned: Properties, timeout: float) -> Properties:
        """Return the plan, which ``create`` completed."""
        return planned

    def read(self, client: None, object_id: str, prior: Properties) -> Properties:
        """Return the state unchanged."""
        return prior

    def update(
        self, client: None, object_id: str, prior: Properties, planned: Properties, timeout: float
    ) -> Properties:
        """Return the planned state. An update changes nothing else."""
        return planned

    def delete(self, client: None, object_id: str, prior: Properties, timeout: float) -> None:
        """Do nothing: the engine removes the state."""
