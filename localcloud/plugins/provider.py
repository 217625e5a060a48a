"""The shape of every stand-in provider."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Any, ClassVar

from localcloud.plugins.resource import Resource
from localcloud.plugins.values import Properties

Function = Callable[[Any, Properties], Properties]
"""A provider function: the API client and the arguments in, the result out."""


class Bridge(Enum):
    """Which of Terraform's provider SDKs the real provider is built on: Pulumi's bridges differ in their answers."""

    SDK = auto()
    """Detailed differences, stable properties, and ``null`` for properties without a value."""
    FRAMEWORK = auto()
    """Names of changed properties only; properties without a value are left out."""


class Provider(ABC):
    """One provider: its resources, its functions, and the client that its configuration makes."""

    name: ClassVar[str]
    version: ClassVar[str]
    """The version of the Python package whose plugin this stands in for."""
    bridge: ClassVar[Bridge]
    secret_settings: ClassVar[frozenset[str]] = frozenset()
    """Provider configuration that the engine keeps encrypted."""

    def __init__(
        self, resources: Iterable[Resource[Any]], functions: Mapping[str, Function] = MappingProxyType({})
    ) -> None:
        self.resources = {resource.type: resource for resource in resources}
        self.functions = functions
        self.cancelled = threading.Event()
        """Set when the user stops the run."""

    def check_settings(self, settings: Properties) -> list[str]:
        """What is wrong with the provider's configuration, one sentence each."""
        del settings
        return []

    @abstractmethod
    def connect(self, settings: Properties) -> Any:
        """The client that resources and functions use. Reads the environment where a setting is missing."""
