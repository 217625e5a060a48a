"""The shape of every stand-in resource."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from localcloud.plugins.schema import Fields
from localcloud.plugins.values import Properties

Client = TypeVar("Client")


@dataclass(frozen=True)
class Timeouts:
    """The most that an operation waits where the program sets no ``customTimeouts``. Seconds."""

    create: float = 20 * 60
    update: float = 20 * 60
    delete: float = 20 * 60


class Resource(ABC, Generic[Client]):
    """One type of resource: its properties, and what its operations ask of the API behind ``Client``.

    Operations raise ``ProviderError``.
    """

    type: ClassVar[str]
    """E.g. ``digitalocean:index/droplet:Droplet``."""
    fields: ClassVar[Fields]
    timeouts: ClassVar[Timeouts] = Timeouts()

    def check_plan(self, planned: Properties, prior: Properties | None) -> None:
        """Refuse a plan that the provider knows to be impossible."""
        del planned, prior

    def adjust_plan(self, planned: Properties, prior: Properties | None) -> frozenset[str]:
        """Change a plan by what no single property decides; returns properties that force a replacement."""
        del planned, prior
        return frozenset()

    @abstractmethod
    def create(self, client: Client, inputs: Properties, planned: Properties) -> str:
        """Make the object, and return its id at once: from then on a failure keeps it in the state."""

    @abstractmethod
    def settle(self, client: Client, object_id: str, planned: Properties, timeout: float) -> Properties:
        """Wait until a new object is ready for use; returns its state."""

    @abstractmethod
    def read(self, client: Client, object_id: str, prior: Properties) -> Properties:
        """The object's state. Raises ``GoneError`` when there is none."""

    @abstractmethod
    def update(
        self,
        client: Client,
        object_id: str,
        prior: Properties,
        planned: Properties,
        timeout: float,
    ) -> Properties:
        """Change the object in place; returns its state."""

    @abstractmethod
    def delete(self, client: Client, object_id: str, prior: Properties, timeout: float) -> None:
        """Remove the object."""

    def found(self, client: Client, object_id: str, prior: Properties) -> tuple[str, Properties]:
        """The id and the state of an object that is refreshed, or imported when there is no prior state."""
        return object_id, self.read(client, object_id, prior)
