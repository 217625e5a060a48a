"""The output of ``localcloud status``."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import replace

import pytest
from rich.console import Console

from localcloud.cli.main import main
from localcloud.cli.status_table import (
    least_width,
    status_heading,
    status_json,
    status_notes,
    status_table,
)
from localcloud.cloud import MachineStatus, Status

MACHINE = MachineStatus(7, "a.example.test", ("203.0.113.10/24", "10.114.0.2/20"), "on", (), "healthy")
STATUS = Status("here", True, "", (MACHINE,), {"a.example.test": ("203.0.113.10",)}, "")

WIDEST = ("203.0.113.254/24", "10.114.255.254/20")
NAMES = [f"etcd-server-{number}.example.test" for number in range(1, 10)]
NINE = replace(
    STATUS,
    machines=tuple(replace(MACHINE, name=name, addresses=WIDEST) for name in NAMES),
    records=dict.fromkeys(NAMES, ("203.0.113.254",)),
)


def lines(status: Status, width: int = 200) -> list[str]:
    """The table as a terminal of this width shows it."""
    console = Console(width=width, no_color=True)
    with console.capture() as captured:
        console.print(status_table(status))
    return [line.rstrip() for line in captured.get().splitlines()]


def rows(status: Status, width: int = 200) -> list[list[str]]:
    """The cells of the lines below the heading."""
    return [re.split(r"\s{2,}", line) for line in lines(status, width)[2:]]


def test_a_row_has_a_machines_addresses_its_record_and_its_state() -> None:
    assert rows(STATUS) == [["a.example.test", "203.0.113.10", "10.114.0.2", "yes", "healthy"]]


def test_a_machine_that_is_off_and_has_no_record_is_shown() -> None:
    off = replace(STATUS, machines=(replace(MACHINE, power="off", etcd=""),), records={})
    assert rows(off) == [["a.example.test", "203.0.113.10", "10.114.0.2", "none", "off"]]


def test_a_machine_without_etcd_is_on() -> None:
    bare = replace(STATUS, machines=(replace(MACHINE, etcd=""),))
    assert rows(bare)[0][-1] == "on, no etcd"


def test_a_record_without_a_machine_has_a_line_below_the_table() -> None:
    stale = replace(STATUS, machines=(), records={"b.example.test": ("203.0.113.99",)})
    assert status_notes(stale) == ["DNS record b.example.test: 203.0.113.99 (no machine has this address)"]


def test_a_record_with_another_name_has_a_line_with_its_machine() -> None:
    other = replace(STATUS, records={"b.example.test": ("203.0.113.10",)})
    assert rows(other)[0][-2] == "none"
    assert status_notes(other) == ["DNS record b.example.test: 203.0.113.10 (a.example.test)"]


def test_the_age_of_the_newest_backup_is_the_last_line() -> None:
    assert status_notes(STATUS) == []
    assert status_notes(replace(STATUS, backup="newest backup: 9 seconds old")) == [
        "newest backup: 9 seconds old"
    ]


def test_what_is_still_being_built_is_the_last_line() -> None:
    later = replace(STATUS, backup="no backup yet", later="the S3 server is still being built")
    assert status_notes(later) == ["no backup yet", "the S3 server is still being built"]


def test_why_etcd_does_not_serve_is_told_below_the_table() -> None:
    sick = replace(STATUS, machines=(replace(MACHINE, why="etcd is stopped"),))
    assert status_notes(sick) == [f"{MACHINE.name}: etcd is stopped"]


@pytest.mark.parametrize("health", ["not serving (inactive)", "unhealthy: RAFT NO LEADER"])
def test_an_unhealthy_state_is_shown_unchanged(health: str) -> None:
    sick = replace(STATUS, machines=(replace(MACHINE, etcd=health),))
    assert rows(sick)[0][-1] == health


@pytest.mark.parametrize("width", [80, 100, 132, 200])
@pytest.mark.parametrize("health", ["healthy", "not serving (inactive)", "unhealthy: RAFT NO LEADER"])
def test_the_table_fits_80_columns_with_whole_names(width: int, health: str) -> None:
    sick = replace(NINE, machines=tuple(replace(machine, etcd=health) for machine in NINE.machines))
    shown = rows(sick, width)
    addresses = [address.partition("/")[0] for address in WIDEST]
    assert [row[:4] for row in shown if row[0]] == [[name, *addresses, "yes"] for name in NAMES]
    assert all(len(line) <= width for line in lines(sick, width))
    assert " ".join(row[-1] for row in shown) == " ".join([health] * len(NAMES))


def test_the_least_width_keeps_long_names_whole() -> None:
    long = "etcd-server-1.database.eu-central.example.test"
    status = replace(STATUS, machines=(replace(MACHINE, name=long, etcd="not serving (inactive)"),))
    needed = least_width(status_table(status))
    assert 80 < needed < 120
    assert rows(status, needed)[0][:3] == [long, "203.0.113.10", "10.114.0.2"]


def test_the_heading_names_the_problem_and_the_command_that_solves_it() -> None:
    assert status_heading(STATUS) == "local cloud here: running"
    broken = replace(STATUS, running=False, problem="its API is not ready")
    assert (
        status_heading(broken)
        == "local cloud here: its API is not ready (run make up or .venv/bin/localcloud start)"
    )


def test_json_contains_the_whole_status() -> None:
    told = json.loads(status_json(STATUS))
    assert told["running"]
    assert told["machines"][0]["addresses"] == list(MACHINE.addresses)
    assert told["records"] == {"a.example.test": ["203.0.113.10"]}


def test_the_status_of_an_unknown_local_cloud_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(sys, "argv", ["localcloud", "--name", "never-was", "status"])
    with pytest.raises(SystemExit):
        main()
    assert (
        capsys.readouterr().out
        == "local cloud never-was: stopped (run make up or .venv/bin/localcloud start)\n"
    )
