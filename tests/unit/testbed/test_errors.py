"""What fails on a cluster of the testbed is an error of its own, which the campaign's verdict tells from a bug."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from campaign.machines.life import BROKEN
from testbed.agent import Pipe
from testbed.cluster import Cluster, wait_for
from testbed.errors import TestbedError
from testbed.update import Update


class AnsweringCloud:
    """A local cloud in which every command ends with one exit status."""

    def __init__(self, status: int) -> None:
        self._status = status

    def run(self, *_: Any, **__: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], self._status, "the output\n", "the output\n")

    def exec(self, *_: Any, **__: Any) -> subprocess.CompletedProcess[str]:
        return self.run()


class AnsweringCluster(Cluster):
    """A cluster without a project."""

    def __init__(self, status: int) -> None:
        self.cloud: Any = AnsweringCloud(status)
        self.folder = Path("/")
        self.stack = "local"


class EndedUpdate(Update):
    """A run that has ended with an exit status, and has no process any more."""

    ended: ClassVar[bool] = True

    def __init__(self, status: int) -> None:
        self._status = status
        self._command: Any = self

    def kill_matching(self, _word: str) -> int:
        return 0

    def steps(self) -> list[Any]:
        return []

    def wait(self, limit: float = 0) -> int:
        return self._status

    def output(self) -> str:
        return "the output"


@pytest.mark.parametrize(
    ("status", "operation"),
    [
        (1, lambda cluster: cluster.pulumi("preview")),
        (1, lambda cluster: cluster.etcdctl("get", "key")),
        (1, lambda cluster: cluster.on("etcd-server-1", "false")),
        (1, lambda cluster: cluster.digitalocean("GET", "/v2/droplets")),
        (1, lambda cluster: cluster.outputs()),
        (0, lambda cluster: cluster.fail()),
    ],
)
def test_an_unexpected_exit_status_raises_the_output(
    status: int, operation: Callable[[Cluster], object]
) -> None:
    with pytest.raises(TestbedError, match=r"^the output\n$"):
        operation(AnsweringCluster(status))


@pytest.mark.parametrize(
    ("status", "operation"),
    [
        (1, lambda update: update.finish()),
        (0, lambda update: update.fail()),
        (1, lambda update: update.begins_one_of("create", {"droplet"})),
        (0, lambda update: update.kill_program()),
    ],
)
def test_a_run_that_ends_otherwise_raises_its_output(
    status: int, operation: Callable[[Update], object]
) -> None:
    with pytest.raises(TestbedError, match=r"the output$"):
        operation(EndedUpdate(status))


def test_a_wait_that_is_too_long_raises_what_was_last_seen() -> None:
    with pytest.raises(TestbedError, match=r"^no member within 0 s; last seen: nothing$"):
        wait_for(lambda: "nothing", lambda _: False, "member", limit=0)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [("", "watcher has ended"), ('{"problem": "no cloud"}', "watcher, report: no cloud")],
)
def test_an_order_without_an_answer_raises_the_reason(answer: str, problem: str) -> None:
    program = f"input(); print('{answer}')" if answer else "input()"
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with Pipe("watcher", process, process.kill) as pipe, pytest.raises(TestbedError, match=f"^{problem}$"):
        pipe.order("report")
    process.communicate()


def test_the_campaign_takes_no_assertion_for_a_broken_cluster() -> None:
    assert issubclass(TestbedError, BROKEN)
    assert not issubclass(AssertionError, BROKEN)
