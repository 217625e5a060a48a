"""The base class of all stand-in providers."""

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
"""A provider function: it takes the API client and the arguments, and returns the result."""


class Bridge(Enum):
    """The SDK of Terraform on which the real provider is built. The answers of Pulumi's bridges depend on it."""

    SDK = auto()
    """Answers have detailed differences, stable properties, and ``null`` for properties without a value."""
    FRAMEWORK = auto()
    """Answers have only the names of changed properties, and leave out properties without a value."""


class Provider(ABC):
    """One provider: its resources, its functions and its configuration."""

    name: ClassVar[str]
    version: ClassVar[str]
    """The version of the Python package that needs this plugin."""
    bridge: ClassVar[Bridge]
    secret_settings: ClassVar[frozenset[str]] = frozenset()
    """Settings of the provider that the engine encrypts."""

    def __init__(
        self, resources: Iterable[Resource[Any]], functions: Mapping[str, Function] = MappingProxyType({})
    ) -> None:
        self.resources = {resource.type: resource for resource in resources}
        self.functions = functions
        self.cancelled = threading.Event()
        """An event that is set when the user stops the run."""

    def check_settings(self, settings: Properties) -> list[str]:
        """Return one sentence for each error in the provider's configuration."""
        del settings
        return []

    @abstractmethod
    def connect(self, settings: Properties) -> Any:
        """Return the client of the resources and functions. Missing settings are read from the environment."""
