"""``python -m localcloud.toolchain``: have everything that the local cloud is built from."""

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
    """What can be had."""

    PACKAGES = "packages"
    ENGINE = "engine"
    ETCD = "etcd"
    IMAGE = "image"
    OBJECT_STORE = "object-store"
    COMMANDS = "commands"


def main(
    only: Annotated[
        list[Part] | None, typer.Option(help="Just this; can be repeated. Default: everything.")
    ] = None,
    etcd_version: Annotated[
        list[str] | None,
        typer.Option(help=f"etcd release to build, of {', '.join(etcd.VERSIONS)}; can be repeated."),
    ] = None,
    directory: Annotated[Path, typer.Option(help="Folder for the commands, to be first on PATH.")] = Path(
        ".cache/commands"
    ),
    pulumi_home: Annotated[Path, typer.Option(help="Folder for the plugins, to be PULUMI_HOME.")] = Path(
        ".cache/pulumi-home"
    ),
) -> None:
    """Install, build and cache what the local cloud is built from; print where each thing is."""
    versions = etcd_version or [etcd.DEFAULT_VERSION]

    def install() -> str:
        packages.install_packages()
        return "all there"

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
    for part, have in parts.items():
        if not only or part in only:
            typer.echo(f"{part}: {have()}")


if __name__ == "__main__":
    try:
        typer.run(main)
    except ToolchainError as error:
        sys.exit(f"error: {error}")
