"""A test that may not write its key says which client would let it, and what is true without one."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, cast

import pytest

from localcloud.cli.proof import KEY, NotWritten, prove, why_not_written
from localcloud.cloud import LocalCloud
from localcloud.machines.client_choice import OPERATOR, StackClients, clients_of
from localcloud.machines.errors import LocalCloudError

APP: dict[str, Any] = {"name": "app", "permissions": [{"access": "readwrite", "prefix": "/app/"}]}
PROVE: dict[str, Any] = {"name": "prove", "permissions": [{"access": "readwrite", "key": KEY}]}
ADD = f"- {{name: prove, permissions: [{{access: readwrite, key: {KEY}}}]}}"
WOULD = "A client that would let the test write, in etcd:clients:"
BY_HAND = "What to do: docs/access.md, Authentication switched on by hand"


def lines(
    client: str, *settings: dict[str, Any], issued: tuple[str, ...] = (), **configuration: Any
) -> list[str]:
    names = [one["name"] for one in settings] + [*issued]
    outputs: dict[str, Any] = {"clients": names}
    for name in names:
        outputs |= {f"client-{name}-certificate": "PEM", f"client-{name}-key": "PEM"}
    values = {f"etcd:{key}": value for key, value in configuration.items()}
    values |= {"etcd:clients": [*settings]} if settings else {}
    found = [*why_not_written(clients_of(outputs, values), client)]
    assert all(len(line) <= 78 for line in found), found
    return found


def test_a_stack_without_a_client_that_may_is_told_which_entry_would() -> None:
    assert lines("app", APP, auth=True) == [f"app may not read and write {KEY}.", WOULD, ADD]
    assert lines("shop", issued=("shop",))[1:] == [WOULD, ADD]


def test_authentication_without_clients_is_told_which_entry_would() -> None:
    assert lines(OPERATOR, auth=True)[1:] == [WOULD, ADD]


def test_a_chosen_client_that_may_not_is_told_of_one_that_may() -> None:
    for other in (PROVE, {"name": "admin", "root": True}):
        assert lines("app", APP, other, auth="true") == [
            f"app may not read and write {KEY}.",
            f"One that may: .venv/bin/localcloud --client {other['name']} prove",
        ]


def test_a_client_that_etcd_does_not_know_as_configured_needs_a_run() -> None:
    assert lines("prove", PROVE, auth=True) == [
        f"etcd:clients permits prove to use {KEY}.",
        "etcd does not yet: run make up.",
    ]


@pytest.mark.parametrize(
    ("auth", "state", "settings"),
    [(None, "is not set", []), (False, "is false", []), ("false", "is false", [PROVE])],
)
def test_authentication_by_hand_is_named_as_such(
    auth: Any, state: str, settings: list[dict[str, Any]]
) -> None:
    assert lines(OPERATOR, *settings, auth=auth) == [
        f"Authentication was switched on by hand: etcd:auth {state}.",
        BY_HAND,
    ]


class Refusing:
    """A local cloud whose etcd answers a command on a key with this line, and any other one with success."""

    def __init__(self, line: str, command: str) -> None:
        self.line, self.command = line, command
        self.commands: list[str] = []

    def check_running(self) -> None:
        """It runs."""

    def run(self, argv: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        if argv[0] == "printenv":
            return subprocess.CompletedProcess(
                argv, 0, "https://one:2379\n/ca.pem\n/client.pem\n/key.pem\n", ""
            )
        self.commands.append(argv[1])
        failed = argv[1] == self.command
        return subprocess.CompletedProcess(argv, failed, "", self.line if failed else "")


def proved(cloud: Refusing, monkeypatch: pytest.MonkeyPatch) -> Any:
    clients = clients_of({"clients": []}, {"etcd:auth": True})

    def of_stack(*_: object) -> StackClients:
        return clients

    monkeypatch.setattr("localcloud.cli.proof._clients", of_stack)
    return prove(cast("LocalCloud", cloud), Path("/")).key


@pytest.mark.parametrize("command", ["get", "put"])
def test_a_refused_key_is_a_success_without_a_write(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Refusing("Error: etcdserver: permission denied", command)
    assert isinstance(proved(cloud, monkeypatch), NotWritten)
    assert cloud.commands[-1] == command


@pytest.mark.parametrize("command", ["endpoint", "get", "put"])
def test_another_failure_is_one(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Refusing("Error: context deadline exceeded", command)
    with pytest.raises(LocalCloudError, match="context deadline exceeded"):
        proved(cloud, monkeypatch)
