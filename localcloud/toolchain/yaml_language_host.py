"""Finds the user's host of YAML programs, or builds Pulumi's own from its published Go module.

Only people that run a YAML program on the local cloud need it, so it is no part of a set-up: ``make yaml-host`` builds
it. Its module asks for the engine's version of Pulumi's packages. So most of it is compiled already when the engine was
built before.

The engine runs this module as the host. It starts the real one, or says how to build it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from localcloud.checkout import CHECKOUT
from localcloud.toolchain import cache, golang
from localcloud.toolchain.commands import YAML, install_plugin, users_plugin
from localcloud.toolchain.engine import TAGS
from localcloud.toolchain.progress import Work

_MODULE = "yaml-language-host"
_PACKAGE = "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"
_LDFLAGS = f"-s -w -X github.com/pulumi/pulumi-yaml/pkg/version.Version=v{YAML.version}"

_WORK = Work(
    f"Building Pulumi's host of YAML programs {YAML.version}",
    "PATH has no `pulumi-language-yaml`; it has some 600 Go packages, most of them the engine's",
    "1 to 3 minutes on 2 cores",
    "300 MB",
)


def ensure_yaml_language_host() -> Path:
    """Return the host: the user's, or else a built one."""
    return users_plugin(YAML) or built_host()


def install_yaml_language_host(pulumi_home: Path) -> None:
    """Put the host into a Pulumi home, for which ``PULUMI_HOME`` is set. Its stand-in would start 0.2 s later."""
    install_plugin(pulumi_home / "plugins", YAML, ensure_yaml_language_host())


def built_host() -> Path:
    """Return the host from the cache, and build it if it is missing."""
    return cache.ensure(_MODULE, _key(), _WORK, _build) / YAML.executable


def missing_host() -> list[Work]:
    """Return the work that ``ensure_yaml_language_host`` would do now."""
    return [] if users_plugin(YAML) else cache.missing(_MODULE, _key(), _WORK)


def _key() -> str:
    return golang.recipe(_MODULE, _PACKAGE, TAGS, _LDFLAGS)


def _build(folder: Path, show: cache.Show) -> None:
    golang.build(_MODULE, _PACKAGE, folder / YAML.executable, show, tags=TAGS, ldflags=_LDFLAGS)


def main(arguments: Sequence[str]) -> None:
    """Become the host. It builds nothing, since the engine may run without a network."""
    if work := missing_host():
        sys.exit(
            f"The local cloud has no {YAML.executable}, which runs programs in YAML. Run `make yaml-host` in "
            f"{CHECKOUT}, outside of the local cloud's shell ({work[0].typical}, once). Then repeat this command"
        )
    program = ensure_yaml_language_host()
    os.execv(program, [str(program), *arguments])  # noqa: S606 - it is a program, and not a shell's command


if __name__ == "__main__":
    main(sys.argv[1:])
