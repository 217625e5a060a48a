"""Finds the user's host of YAML programs, or builds Pulumi's own from its published Go module.

Only tests and people that run a YAML program on the local cloud need it, so it is no part of a set-up. Its module asks
for the engine's version of Pulumi's packages. So most of it is compiled already when the engine was built before.
"""

from __future__ import annotations

from pathlib import Path

from localcloud.toolchain import cache, golang
from localcloud.toolchain.commands import Plugin, install_plugin, users_plugin
from localcloud.toolchain.engine import TAGS
from localcloud.toolchain.progress import Work

HOST_VERSION = "1.38.1"
"""The version of pulumi-yaml that is built."""

_MODULE = "yaml-language-host"
_PACKAGE = "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"
_LDFLAGS = f"-s -w -X github.com/pulumi/pulumi-yaml/pkg/version.Version=v{HOST_VERSION}"

_PLUGIN = Plugin("language", "yaml", HOST_VERSION, "")

_WORK = Work(
    f"Building Pulumi's host of YAML programs {HOST_VERSION}",
    "PATH has no `pulumi-language-yaml`; it has some 600 Go packages, most of them the engine's",
    "1 to 3 minutes on 2 cores",
    "300 MB",
)


def ensure_yaml_language_host(pulumi_home: Path) -> Path:
    """Put the host into a Pulumi home, for which ``PULUMI_HOME`` is set, and return its program."""
    program = users_plugin(_PLUGIN) or built_host()
    install_plugin(pulumi_home / "plugins", _PLUGIN, program)
    return program


def built_host() -> Path:
    """Return the host from the cache, and build it if it is missing."""
    return cache.ensure(_MODULE, _key(), _WORK, _build) / _PLUGIN.executable


def _key() -> str:
    return golang.recipe(_MODULE, _PACKAGE, TAGS, _LDFLAGS)


def _build(folder: Path, show: cache.Show) -> None:
    golang.build(_MODULE, _PACKAGE, folder / _PLUGIN.executable, show, tags=TAGS, ldflags=_LDFLAGS)
