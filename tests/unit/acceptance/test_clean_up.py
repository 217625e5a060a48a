"""The end of a run deletes what it can, and says what is left and what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from acceptance import clean_up
from acceptance.account import Account
from acceptance.clean_up import CleanUp
from acceptance.errors import AcceptanceError
from acceptance.report import Report
from acceptance.stack import Stack
from components.config.backup_settings import BackupTarget
from components.shared.s3 import Bucket, S3Error

TARGET = BackupTarget("https://s3", "bucket", "fra1", "own/", 3600, 0, "access", "secret", "")


class FakeStack:
    """A stack whose calls are noted. Those that are named fail."""

    source, name, cluster, settings = "fra1", "fra1-acceptance-0a1b2c", "etcd-fra1", None

    def __init__(self, *failing: str) -> None:
        self.failing = failing
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def call() -> Any:
            self.calls.append(name)
            if name in self.failing:
                raise AcceptanceError(f"{name} failed")
            return TARGET if name == "backup_target" else True

        return call


class One:
    """A resource that is left until it is deleted. A protected one stays."""

    def __init__(self, kind: str, name: str, *, protected: bool = False) -> None:
        self.kind, self.name, self.protected = kind, name, protected
        self.exists = True

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    def delete(self) -> None:
        if self.protected:
            raise AcceptanceError("it is protected")
        self.exists = False


class Refusing(Bucket):
    """A bucket that lists nothing."""

    def __init__(self, *_: object) -> None:
        pass

    def list(self, prefix: str) -> Iterator[None]:
        raise S3Error("AccessDenied")


def deletion(
    folder: Path, monkeypatch: pytest.MonkeyPatch, stack: FakeStack, *resources: One
) -> tuple[CleanUp, dict[str, Any]]:
    """The deletion, after which the report has been read."""
    monkeypatch.setattr(clean_up, "what_is_left", lambda *_: [one for one in resources if one.exists])
    monkeypatch.setattr(clean_up, "OperatorBucket", Refusing)
    report = Report(folder, "fra1", ())
    account = cast("Account", None)
    return CleanUp(cast("Stack", stack), account, account, report, lambda line: None), {"path": report.path}


def told(seen: dict[str, Any]) -> dict[str, Any]:
    return json.loads(seen["path"].read_text(encoding="utf-8"))


def test_what_is_left_in_no_state_is_deleted_and_a_refused_backup_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = FakeStack()
    run, seen = deletion(tmp_path, monkeypatch, stack, One("droplet", "probe.x"), One("tag", "x"))
    run.run()
    assert told(seen)["left"] == []
    assert "AccessDenied" in told(seen)["backups_left"]
    assert stack.calls[-1] == "remove"


def test_droplets_that_hold_the_rest_are_deleted_before_a_second_destroy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, droplet = FakeStack("destroy"), One("droplet", "etcd-server-1.x")
    run, _ = deletion(tmp_path, monkeypatch, stack, droplet)
    with pytest.raises(AcceptanceError, match="destroy failed"):
        run.run()
    assert not droplet.exists
    assert stack.calls.count("destroy") == 2


def test_a_stack_that_stays_after_a_problem_is_named_where_nothing_else_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = deletion(tmp_path, monkeypatch, FakeStack("exists"))
    with pytest.raises(
        AcceptanceError, match=r"^stack fra1-acceptance-0a1b2c is not removed, because a step before"
    ):
        run.run()


def test_one_problem_does_not_prevent_the_rest_and_the_way_on_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = FakeStack("exists")
    volume, firewall = One("volume", "x-1"), One("firewall", "x", protected=True)
    run, seen = deletion(tmp_path, monkeypatch, stack, firewall, volume)
    advice = (
        r"Left: firewall x.*exists failed.*make acceptance STACK=fra1 ARGS='--delete fra1-acceptance-0a1b2c'"
    )
    with pytest.raises(AcceptanceError, match=f"(?s){advice}"):
        run.run()
    assert not volume.exists
    assert told(seen)["left"] == ["firewall x"]
    assert "remove" not in stack.calls
