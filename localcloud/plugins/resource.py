"""The base class of all stand-in resources."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from localcloud.plugins.schema import Fields
from localcloud.plugins.values import Properties

Client = TypeVar("Client")


@dataclass(frozen=True)
class Timeouts:
    """Time limits of operations in seconds, unless the program sets ``customTimeouts``."""

    create: float = 20 * 60
    update: float = 20 * 60
    delete: float = 20 * 60


class Resource(ABC, Generic[Client]):
    """One type of resource: its properties, and its operations through an API's client.

    Operations raise ``ProviderError`` if they fail.
    """

    type: ClassVar[str]
    """E.g. ``digitalocean:index/droplet:Droplet``."""
    fields: ClassVar[Fields]
    timeouts: ClassVar[Timeouts] = Timeouts()

    def check_plan(self, planned: Properties, prior: Properties | None) -> None:
        """Raise ``ProviderError`` if a plan is invalid."""
        del planned, prior

    def adjust_plan(self, planned: Properties, prior: Properties | None) -> frozenset[str]:
        """Change a plan where several properties decide; return the properties that require a replacement."""
        del planned, prior
        return frozenset()

    @abstractmethod
    def create(self, client: Client, inputs: Properties, planned: Properties) -> str:
        """Create the object, and return its id immediately, so that a later failure keeps it in the state."""

    @abstractmethod
    def settle(self, client: Client, object_id: str, planned: Properties, timeout: float) -> Properties:
        """Wait until a new object is ready, and return its state."""

    @abstractmethod
    def read(self, client: Client, object_id: str, prior: Properties) -> Properties:
        """Return the object's state. Raises ``GoneError`` if the object does not exist."""

    @abstractmethod
    def update(
        self,
        client: Client,
        object_id: str,
        prior: Properties,
        planned: Properties,
        timeout: float,
    ) -> Properties:
        """Change the object in place, and return its state."""

    @abstractmethod
    def delete(self, client: Client, object_id: str, prior: Properties, timeout: float) -> None:
        """Delete the object."""

    def found(self, client: Client, object_id: str, prior: Properties) -> tuple[str, Properties]:
        """Return the id and the state of an object in a refresh, or in an import if ``prior`` is empty."""
        return object_id, self.read(client, object_id, prior)
