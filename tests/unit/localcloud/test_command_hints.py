"""What a command of ``localcloud`` adds to the failure of a program."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytest
from typer.testing import CliRunner

from localcloud.cli.main import app
from localcloud.machines.errors import LocalCloudError


class Cloud:
    """A local cloud without a cluster, in which every command fails."""

    def __init__(self, *_: object) -> None:
        pass

    def await_object_store(self, argv: Sequence[str]) -> None:
        """It runs."""

    def run(self, argv: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess(argv, 1)


def no_cluster(cloud: Cloud, directory: Path) -> NoReturn:
    del cloud, directory
    raise LocalCloudError("no cluster")


@pytest.mark.parametrize(
    ("command", "hint"),
    [("etcdctl", "no cluster"), ("/var/lib/localcloud/mine/bin/etcdctl", "no cluster"), ("false", "")],
)
def test_a_failing_etcdctl_says_that_there_is_no_cluster(
    command: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localcloud.cli.main.LocalCloud", Cloud)
    monkeypatch.setattr("localcloud.cli.main.find_cluster", no_cluster)
    result = CliRunner().invoke(app, ["run", "--", command, "get", "/key"])
    assert result.exit_code == 1
    assert (str(result.exception) if isinstance(result.exception, LocalCloudError) else "") == hint
