"""What ``localcloud status`` shows."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import replace

import pytest
from rich.console import Console

from localcloud.cli.main import main
from localcloud.cli.status_table import status_heading, status_json, status_table
from localcloud.cloud import MachineStatus, Status

MACHINE = MachineStatus(7, "a.example.test", ("203.0.113.10/24", "10.114.0.2/20"), "on", (), "healthy")
STATUS = Status("here", True, "", (MACHINE,), {"a.example.test": ("203.0.113.10",)}, "")


def rows(status: Status) -> list[list[str]]:
    """The table's cells, as a terminal shows them."""
    console = Console(width=200, no_color=True)
    with console.capture() as captured:
        console.print(status_table(status))
    return [re.split(r"\s{2,}", line.strip()) for line in captured.get().splitlines()[3:] if line.strip()]


def test_a_machine_stands_with_its_addresses_its_record_and_etcds_health() -> None:
    assert rows(STATUS) == [["a.example.test", "on", "203.0.113.10", "10.114.0.2", "same name", "healthy"]]


def test_a_machine_that_is_off_and_has_no_record_is_shown() -> None:
    off = replace(STATUS, machines=(replace(MACHINE, power="off", etcd=""),), records={})
    assert rows(off) == [["a.example.test", "off", "203.0.113.10", "10.114.0.2", "none", "none"]]


def test_a_record_that_names_no_machine_has_a_row_of_its_own() -> None:
    stale = replace(STATUS, machines=(), records={"b.example.test": ("203.0.113.99",)})
    assert rows(stale) == [["203.0.113.99", "b.example.test"]]


@pytest.mark.parametrize("health", ["not serving (inactive)", "unhealthy: RAFT NO LEADER"])
def test_what_is_wrong_with_etcd_is_shown_as_it_is(health: str) -> None:
    sick = replace(STATUS, machines=(replace(MACHINE, etcd=health),))
    assert rows(sick)[0][-1] == health


def test_the_heading_says_that_it_runs_or_how_to_have_it_run() -> None:
    assert status_heading(STATUS) == "local cloud here: running"
    broken = replace(STATUS, running=False, problem="its API is not ready")
    assert status_heading(broken) == "local cloud here: its API is not ready (make up, or localcloud start)"


def test_json_has_everything() -> None:
    told = json.loads(status_json(STATUS))
    assert told["running"]
    assert told["machines"][0]["addresses"] == list(MACHINE.addresses)
    assert told["records"] == {"a.example.test": ["203.0.113.10"]}


def test_a_cloud_without_anything_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(sys, "argv", ["localcloud", "--name", "never-was", "status"])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().out == "local cloud never-was: stopped (make up, or localcloud start)\n"
