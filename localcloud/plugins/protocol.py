"""The engine's plugin protocol: the generated modules of Pulumi's SDK, without the rest of the SDK.

Every run starts every plugin, and ``import pulumi`` takes longer than the rest of a plugin's start. The generated
modules import only each other, so they are loaded here as a separate package.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.runtime.proto import (
        engine_pb2,
        engine_pb2_grpc,
        plugin_pb2,
        provider_pb2,
        provider_pb2_grpc,
        status_pb2,
    )
else:
    _PACKAGE = f"{__name__}_generated"

    def _package() -> ModuleType:
        sdk = find_spec("pulumi")
        if sdk is None or not sdk.submodule_search_locations:
            raise ImportError("the package pulumi is not installed: run `uv sync`")
        package = ModuleType(_PACKAGE)
        package.__path__ = [str(Path(sdk.submodule_search_locations[0], "runtime", "proto"))]
        return package

    sys.modules.setdefault(_PACKAGE, _package())

    def __getattr__(name: str) -> ModuleType:
        try:
            return importlib.import_module(f"{_PACKAGE}.{name}")
        except ModuleNotFoundError as error:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from error


__all__ = [
    "engine_pb2",
    "engine_pb2_grpc",
    "plugin_pb2",
    "provider_pb2",
    "provider_pb2_grpc",
    "status_pb2",
]
