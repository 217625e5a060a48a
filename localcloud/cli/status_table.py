"""A local cloud's status as a table, and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from rich import box
from rich.table import Table

from localcloud.cloud import MachineStatus, Status


def status_json(status: Status) -> str:
    """The whole status, as one JSON object."""
    return json.dumps(asdict(status), indent=2)


def status_heading(status: Status) -> str:
    """One line that says whether it runs, and how to have it run where it does not."""
    state = "running" if status.running else f"{status.problem} (make up, or localcloud start)"
    return f"local cloud {status.name}: {state}"


def status_table(status: Status) -> Table:
    """One row for each machine, then one for each record that names no machine."""
    table = Table(
        caption=status.backup or None,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
    )
    for heading in ("machine", "power", "public", "private", "record", "etcd"):
        table.add_column(heading, overflow="fold")
    named: set[str] = set()
    for machine in status.machines:
        records = _records_of(machine, status)
        named.update(records)
        public, *private = machine.addresses
        table.add_row(
            machine.name,
            "[green]on[/]" if machine.power == "on" else "[red]off[/]",
            _bare(public),
            "\n".join(_bare(address) for address in private),
            "\n".join("same name" if record == machine.name else record for record in records) or "none",
            _etcd(machine.etcd),
        )
    for name, addresses in sorted(status.records.items()):
        if name not in named:
            table.add_row("", "", "\n".join(addresses), "", name, "")
    return table


def _records_of(machine: MachineStatus, status: Status) -> list[str]:
    own = {_bare(address) for address in machine.addresses}
    return sorted(name for name, addresses in status.records.items() if own & set(addresses))


def _bare(address: str) -> str:
    return address.partition("/")[0]


def _etcd(health: str) -> str:
    if not health:
        return "none"
    return f"[green]{health}[/]" if health == "healthy" else f"[red]{health}[/]"
