"""Installs, builds and caches the parts of the local cloud: ``python -m localcloud.toolchain``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from localcloud.machines.errors import LocalCloudError
from localcloud.machines.prerequisites import check_platform
from localcloud.toolchain import (
    cache,
    commands,
    engine,
    etcd,
    golang,
    image,
    object_store,
    packages,
    yaml_language_host,
)
from localcloud.toolchain.errors import ToolchainError
from localcloud.toolchain.progress import Work, say
from localcloud.toolchain.together import run_together

TOTAL = "All parts together take about {} minutes on 2 cores, 3.5 GB of disk and a download of 0.8 GB"
"""The size of a whole set-up, with Go's own caches."""


class Part(StrEnum):
    """A part of the local cloud."""

    PACKAGES = "packages"
    ENGINE = "engine"
    ETCD = "etcd"
    IMAGE = "image"
    OBJECT_STORE = "object-store"
    COMMANDS = "commands"
    YAML_HOST = "yaml-host"


ON_DEMAND = frozenset({Part.YAML_HOST})
"""The parts that are not installed by default."""

AFTER_START = frozenset({Part.OBJECT_STORE})
"""The parts that no start waits for: ``localcloud start`` builds them in the background."""

STAGES = (
    ((Part.PACKAGES,),),
    # The image mostly downloads and unpacks, on one core. The others compile, on all cores.
    ((Part.IMAGE,), (Part.ENGINE, Part.ETCD, Part.OBJECT_STORE, Part.YAML_HOST)),
    ((Part.COMMANDS,),),
)
"""The order of the parts. The lanes of a stage run at once, and the parts of a lane one after the other."""


def main(
    only: Annotated[
        list[Part] | None,
        typer.Option(
            help="Install only this part; can be repeated. "
            f"Default: all parts but {', '.join(sorted(ON_DEMAND))}."
        ),
    ] = None,
    for_start: Annotated[
        bool,
        typer.Option(
            "--for-start",
            help="Install only what a start of the local cloud waits for: all but "
            f"{', '.join(sorted(AFTER_START))}, and without {', '.join(sorted(packages.OTHER_USES))}.",
        ),
    ] = False,
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
    # Single parts have other uses as well: programs for a linter, or etcd for tests without machines.
    if only is None:
        check_platform()
    versions = etcd_version or [etcd.DEFAULT_VERSION]

    excluded = packages.OTHER_USES if for_start else frozenset[str]()

    def install() -> str:
        packages.install_packages(excluded)
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
        Part.YAML_HOST: lambda: str(yaml_language_host.ensure_yaml_language_host()),
    }
    wanted = only or {*Part} - ON_DEMAND - (AFTER_START if for_start else set[Part]())
    announce(wanted, versions, for_start=for_start)

    def in_turn(lane: Sequence[Part]) -> list[str]:
        return [f"{part}: {parts[part]()}" for part in lane if part in wanted]

    for lanes in STAGES:
        for lines in run_together(*(partial(in_turn, lane) for lane in lanes)):
            for line in lines:
                typer.echo(line)


def announce(wanted: Collection[Part], versions: Sequence[str], *, for_start: bool = False) -> None:
    """Print all work that is missing, before the first of it begins: what, how long, and how much disk.

    ``for_start`` also names what ``localcloud start`` builds later. Raises ``ToolchainError`` at once if a part would
    need root.
    """
    missing: dict[Part, Callable[[], list[Work]]] = {
        Part.PACKAGES: lambda: packages.missing_work(packages.OTHER_USES if for_start else ()),
        Part.IMAGE: image.missing_image,
        Part.ENGINE: engine.missing_engine,
        Part.ETCD: lambda: [work for version in versions for work in etcd.missing_release(version)],
        Part.OBJECT_STORE: object_store.missing_object_store,
        Part.YAML_HOST: yaml_language_host.missing_host,
    }
    work = [one for part, find in missing.items() if part in wanted for one in find()]
    if {Part.ENGINE, Part.ETCD, Part.OBJECT_STORE, Part.YAML_HOST} & {*wanted} and work:
        work += golang.missing_go()
    if len(work) > 1:
        say(
            f"The first run prepares {len(work)} parts in {cache.root()}, once. It needs no account and costs nothing:"
        )
        for one in work:
            say(f"  {one.title}: {one.typical}, {one.disk}")
        if for_start:
            for one in object_store.missing_object_store():
                say(f"  {one.title}, while the first cluster runs: {one.typical}, {one.disk}")
        say(TOTAL.format("five" if for_start else "six"))


if __name__ == "__main__":
    try:
        typer.run(main)
    except (LocalCloudError, ToolchainError) as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(
            f"error: the set-up cannot continue: {error}: make sure that this user can write there and that the "
            "disk has space, then run it again"
        )
