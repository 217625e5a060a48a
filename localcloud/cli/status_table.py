"""A local cloud's status as a table for a terminal, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import asdict

from rich import box
from rich.console import Console
from rich.table import Table

from localcloud.cloud import MachineStatus, Status

_UNLIMITED = 10_000


def status_json(status: Status) -> str:
    """The whole status, as one JSON object."""
    return json.dumps(asdict(status), indent=2)


def status_heading(status: Status) -> str:
    """One line: the local cloud is running, or what is wrong and which command starts it."""
    state = "running" if status.running else f"{status.problem} (run make up or .venv/bin/localcloud start)"
    return f"local cloud {status.name}: {state}"


def status_table(status: Status) -> Table:
    """One row for each machine; only the last column is wrapped."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("machine", "public", "private", "DNS"):
        table.add_column(heading, no_wrap=True)
    table.add_column("state")
    for machine in status.machines:
        public, *private = addresses = [_bare(address) for address in machine.addresses]
        has_record = not set(addresses).isdisjoint(status.records.get(machine.name, ()))
        table.add_row(
            machine.name, public, "\n".join(private), "yes" if has_record else "none", _state(machine)
        )
    return table


def least_width(table: Table) -> int:
    """The width in columns below which Rich would break a name or an address."""
    return Console(width=_UNLIMITED).measure(table).minimum


def status_notes(status: Status) -> list[str]:
    """Lines below the table: why etcd does not serve, DNS records that no row shows, the newest backup's age, and
    what is still being built.
    """
    whys = [f"{machine.name}: {machine.why}" for machine in status.machines if machine.why]
    last = [line for line in (status.backup, status.later) if line]
    return [*whys, *_other_records(status), *last]


def _other_records(status: Status) -> Generator[str]:
    owners = {_bare(address): machine.name for machine in status.machines for address in machine.addresses}
    for name, addresses in sorted(status.records.items()):
        for address in addresses:
            owner = owners.get(address)
            if owner != name:
                yield f"DNS record {name}: {address} ({owner or 'no machine has this address'})"


def _bare(address: str) -> str:
    return address.partition("/")[0]


def _state(machine: MachineStatus) -> str:
    if machine.power != "on":
        return "[red]off[/]"
    if not machine.etcd:
        return "on, no etcd"
    return f"[green]{machine.etcd}[/]" if machine.etcd == "healthy" else f"[red]{machine.etcd}[/]"
