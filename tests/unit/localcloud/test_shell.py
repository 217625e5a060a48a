"""The shell of ``make shell``: its start-up files and its ``etcdctl``, in real shells without machines."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from localcloud.cli.shell import Shell, prepare_shell
from localcloud.cloud import LocalCloud
from localcloud.machines import layout
from localcloud.machines.layout import Layout
from localcloud.machines.operator import operator_environment

USERS = """\
export PULUMI_BACKEND_URL=s3://production PULUMI_ACCESS_TOKEN=users PULUMI_STACK=fra1
export DIGITALOCEAN_TOKEN=users CLOUDFLARE_API_TOKEN=users ETCDCTL_ENDPOINTS=https://production:2379
export https_proxy=http://users:1 HTTP_PROXY=http://users:1 LOCALCLOUD_NAME=users
export PATH=/usr/bin:/bin COLOR=users
PS1='$ '
"""
ETCDCTL = {"ETCDCTL_ENDPOINTS": "https://local:2379", "ETCDCTL_KEY": "/with 'a quote"}
KEPT = ("COLOR", "GREETING")


class Cloud:
    """A local cloud that runs, with a cluster."""

    def __init__(self, folder: Path) -> None:
        self.layout = Layout("mine", folder / "state")

    def check_running(self) -> None:
        """It runs."""

    def environment(self, argv: Sequence[str]) -> dict[str, str]:
        del argv
        return operator_environment(self.layout) | ETCDCTL


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    monkeypatch.setattr(layout, "RUN_ROOT", tmp_path / "run")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GREETING", "of the user")
    monkeypatch.delenv("ENV", raising=False)
    for variable in ("https_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(variable, "http://users:1")
    (tmp_path / ".bashrc").write_text(USERS)
    return Cloud(tmp_path)


def prepared(cloud: Cloud, shell: str, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("SHELL", shell)
    return prepare_shell(cast("LocalCloud", cloud))


def typed(cloud: Cloud, shell: Shell, *lines: str) -> list[str]:
    """What an interactive shell prints."""
    done = subprocess.run(
        [*shell.argv, "-i"],
        env=cloud.environment(shell.argv) | shell.variables,
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.splitlines()


def variables(lines: Sequence[str]) -> dict[str, str]:
    found = (line.partition("=") for line in lines)
    return {name: value for name, _, value in found}


def expected(cloud: Cloud) -> dict[str, str]:
    """The local cloud's variables, and two of the user's own."""
    environment = cloud.environment([])
    own = {name: value for name, value in environment.items() if name.startswith(("PULUMI_", "LOCALCLOUD_"))}
    return own | ETCDCTL | {"COLOR": "users", "GREETING": "of the user"}


def shown(lines: Sequence[str]) -> dict[str, str]:
    prefixes = ("PULUMI_", "LOCALCLOUD_", "ETCDCTL_", "DIGITALOCEAN_", "CLOUDFLARE_")
    return {
        name: value
        for name, value in variables(lines).items()
        if name.startswith(prefixes) or name in KEPT or name.lower().endswith("_proxy")
    }


def test_bashrc_changes_neither_the_backend_nor_accounts_nor_proxies(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = prepared(cloud, shutil.which("bash") or "", monkeypatch)
    assert shown(typed(cloud, shell, "env")) == expected(cloud)


def test_the_file_of_a_posix_shell_does_not_change_them_either(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "$HOME/.bashrc")
    shell = prepared(cloud, "/bin/sh", monkeypatch)
    assert shown(typed(cloud, shell, "env")) == expected(cloud)
    # The same command inside that shell.
    monkeypatch.setenv("ENV", shell.variables["ENV"])
    again = prepared(cloud, "/bin/sh", monkeypatch)
    inside = {name: value for name, value in expected(cloud).items() if name != "COLOR"}
    assert shown(typed(cloud, again, "env")) == inside


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_the_prompt_has_the_name_of_the_local_cloud(
    shell: str, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "$HOME/.bashrc")
    user = prepared(cloud, shutil.which(shell) or "", monkeypatch)
    assert typed(cloud, user, 'echo "$PS1"') == ["(mine) $ "]


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_etcdctl_reads_the_cluster_at_each_call(
    shell: str, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = tmp_path / "recorder"
    recorder.write_text('#!/bin/sh\nprintf "<%s>" "$@"\n')
    recorder.chmod(0o700)
    monkeypatch.setattr("localcloud.cli.shell.sys.executable", str(recorder))
    monkeypatch.setenv("ENV", "$HOME/.bashrc")
    user = prepared(cloud, shutil.which(shell) or "", monkeypatch)
    call = "<-P><-m><localcloud.cli.main><run><--><etcdctl><put><a  b><>"
    assert typed(cloud, user, 'etcdctl put "a  b" ""') == [call]
    # A script of the user's, whatever reads it, gets the same command.
    script = subprocess.run(
        [user.argv[0], "-c", 'etcdctl put "a  b" ""'],
        env=cloud.environment(user.argv) | user.variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert script.stdout == call
