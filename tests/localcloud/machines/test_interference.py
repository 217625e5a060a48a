"""Machines that are paused and cut off, and a name server that is paused."""

from __future__ import annotations

import shlex

import pytest

from localcloud.machines.errors import MachineFailedError
from localcloud.machines.interface import Interference

from .lab import Lab, eventually, machine

ONE, TWO = 1001, 1002
TIMED_OUT = 124
"""The exit status of ``timeout`` when the time was over."""


@pytest.fixture(scope="module")
def two(lab: Lab) -> Lab:
    """Two running machines."""
    lab.boot(machine(1), machine(2))
    return lab


REACHED, KEPT_OUT = 10, 1
"""Seconds for an answer that must come, and for one that must not."""


def reaches(lab: Lab, address: str, limit: int = REACHED) -> bool:
    """Whether a machine answers, if only that nothing listens on the port."""
    connect = f"exec 3<>/dev/tcp/{address}/7000"
    return lab.outside("timeout", str(limit), "bash", "-c", connect).returncode != TIMED_OUT


def resolves(lab: Lab, limit: int = REACHED) -> bool:
    """Whether the name server answers."""
    return lab.outside("timeout", str(limit), "getent", "hosts", "one.example.test").returncode == 0


def interference(lab: Lab) -> Interference:
    (now,) = lab.do(lab.host.interference())
    return now


def test_a_paused_machine_answers_nothing_until_it_goes_on(two: Lab) -> None:
    two.do(two.host.set_paused(ONE, paused=True))
    assert interference(two) == Interference(paused=frozenset({ONE}))
    two.do(two.host.set_paused(ONE, paused=False))
    assert interference(two) == Interference()
    assert two.output(ONE, "echo runs") == "runs"


def test_a_machine_that_is_cut_off_neither_sends_nor_receives(two: Lab) -> None:
    assert reaches(two, "203.0.113.11")
    two.do(two.host.set_cut_off(ONE, cut_off=True))
    two.do(two.host.set_cut_off(ONE, cut_off=True))
    assert interference(two) == Interference(cut_off=frozenset({ONE}))
    assert not reaches(two, "203.0.113.11", KEPT_OUT)
    assert two.sh(ONE, "ping -c1 -W1 203.0.113.12").returncode != 0
    assert reaches(two, "203.0.113.12")
    two.do(two.host.set_cut_off(ONE, cut_off=False))
    assert reaches(two, "203.0.113.11")
    assert interference(two) == Interference()


def test_a_paused_name_server_answers_nothing_until_it_goes_on(two: Lab) -> None:
    two.do(two.host.apply_records({"one.example.test": ["203.0.113.11"]}))
    assert resolves(two)
    two.do(two.host.set_name_server_paused(paused=True))
    assert interference(two).name_server_paused
    assert not resolves(two, KEPT_OUT)
    two.do(two.host.set_name_server_paused(paused=False))
    assert resolves(two)
    assert not interference(two).name_server_paused


def test_a_machine_that_is_off_or_paused_is_not_wiped(two: Lab) -> None:
    two.do(two.host.set_paused(TWO, paused=True))
    with pytest.raises(MachineFailedError, match="machine 1002 is paused"):
        two.do(two.host.wipe(TWO))
    two.do(two.host.set_paused(TWO, paused=False))
    two.do(two.host.power_off(TWO))
    with pytest.raises(MachineFailedError, match="machine 1002 is off"):
        two.do(two.host.wipe(TWO))
    with pytest.raises(MachineFailedError, match="machine 1002 is off"):
        two.do(two.host.set_paused(TWO, paused=True))


SENDING = """
import socket, pathlib, time
connection = socket.create_connection(("203.0.113.11", 7001))
pathlib.Path("/run/connected").touch()
while not pathlib.Path("/run/send").exists():
    time.sleep(0.05)
connection.send(b"x" * 1000)
pathlib.Path("/run/sent").touch()
time.sleep(600)
"""


def test_a_machine_that_was_cut_off_while_it_sent_boots_again(two: Lab) -> None:
    # The kernel keeps the network of a machine that has ended until the other side acknowledges what was sent.
    two.sh(ONE, "systemd-run python3 -m http.server 7001")
    two.boot(machine(2))
    eventually(lambda: reaches(two, "203.0.113.11"), "the first machine to answer")
    two.sh(TWO, f"systemd-run python3 -c {shlex.quote(SENDING)}")
    eventually(lambda: two.sh(TWO, "test -e /run/connected").returncode == 0, "a connection")
    two.do(two.host.set_cut_off(TWO, cut_off=True))
    two.sh(TWO, "touch /run/send")
    eventually(lambda: two.sh(TWO, "test -e /run/sent").returncode == 0, "something sent")
    two.do(two.host.power_off(TWO))
    two.do(two.host.power_on(machine(2)))
    two.do(two.host.set_cut_off(TWO, cut_off=False))
    two.await_boot(TWO)


def test_a_deleted_machine_is_not_cut_off(two: Lab) -> None:
    two.do(two.host.set_cut_off(TWO, cut_off=True))
    two.do(two.host.delete(TWO))
    assert interference(two) == Interference()
