"""What keys, requests and certificates have in common: they live in the engine's state alone."""

from __future__ import annotations

from localcloud.plugins.resource import Resource
from localcloud.plugins.values import Properties


class OfflineResource(Resource[None]):
    """A resource that is made once, and whose state is all there is of it."""

    def settle(self, client: None, object_id: str, planned: Properties, timeout: float) -> Properties:
        """``create`` completed the plan."""
        return planned

    def read(self, client: None, object_id: str, prior: Properties) -> Properties:
        """The state is the truth."""
        return prior

    def update(
        self, client: None, object_id: str, prior: Properties, planned: Properties, timeout: float
    ) -> Properties:
        """What may change in place changes nothing but the state."""
        return planned

    def delete(self, client: None, object_id: str, prior: Properties, timeout: float) -> None:
        """Forget it."""
