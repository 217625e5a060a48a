"""Installs, builds and caches the parts of the local cloud: ``python -m localcloud.toolchain``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from localcloud.toolchain import commands, engine, etcd, image, object_store, packages
from localcloud.toolchain.errors import ToolchainError


class Part(StrEnum):
    """A part of the local cloud."""

    PACKAGES = "packages"
    ENGINE = "engine"
    ETCD = "etcd"
    IMAGE = "image"
    OBJECT_STORE = "object-store"
    COMMANDS = "commands"


def main(
    only: Annotated[
        list[Part] | None, typer.Option(help="Install only this part; can be repeated. Default: all parts.")
    ] = None,
    etcd_version: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Build this etcd release ({', '.join((*etcd.VERSIONS, etcd.EARLIER_VERSION))}); can be repeated. "
            f"Default: {etcd.DEFAULT_VERSION}."
        ),
    ] = None,
    directory: Annotated[Path, typer.Option(help="Folder for the commands; put it first on PATH.")] = Path(
        ".cache/commands"
    ),
    pulumi_home: Annotated[Path, typer.Option(help="Folder for the plugins; set PULUMI_HOME to it.")] = Path(
        ".cache/pulumi-home"
    ),
) -> None:
    """Install, build and cache the parts of the local cloud, and print where each is."""
    versions = etcd_version or [etcd.DEFAULT_VERSION]

    def install() -> str:
        packages.install_packages()
        return "installed"

    def releases() -> str:
        return " ".join(str(etcd.ensure_release(version).tarball) for version in versions)

    def fill() -> str:
        commands.ensure_commands(directory.absolute(), pulumi_home.absolute())
        return f"PATH={directory.absolute()}:$PATH PULUMI_HOME={pulumi_home.absolute()}"

    parts: dict[Part, Callable[[], str]] = {
        Part.PACKAGES: install,
        Part.ENGINE: lambda: str(engine.ensure_engine()),
        Part.ETCD: releases,
        Part.IMAGE: lambda: str(image.ensure_image()),
        Part.OBJECT_STORE: lambda: str(object_store.ensure_object_store()),
        Part.COMMANDS: fill,
    }
    for part, ensure in parts.items():
        if not only or part in only:
            typer.echo(f"{part}: {ensure()}")


if __name__ == "__main__":
    try:
        typer.run(main)
    except ToolchainError as error:
        sys.exit(f"error: {error}")
