"""The last backup of a cluster that is being destroyed."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from etcd_node.backup import last_backup
from etcd_node.backup.last_backup import TRIES
from etcd_node.etcd.transport import MemberAddress
from etcd_node.host.settings import Paths

from tests.unit.etcd_node.backup.test_upload import BACKUPS
from tests.unit.etcd_node.bootstrap.test_restoration import SETTINGS


@pytest.mark.parametrize(("failures", "taken"), [(0, 1), (1, 1), (TRIES, 0)])
def test_a_last_backup_that_fails_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int, taken: int
) -> None:
    leases: list[str] = []
    results = [False] * failures + [True]

    def call(_: object, __: object, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if path.endswith("grant"):
            leases.append(body["ID"])
        return {"header": {"revision": "7"}}

    for name, value in {
        "read_backup_settings": lambda _: BACKUPS,
        "read_markers": lambda *_: SimpleNamespace(up=False),
        "TlsClient": lambda _: None,
        "this_member": lambda *_: MemberAddress("m1", "m1"),
        "upload_lock": lambda *_: nullcontext(enter_result=True),
        "call": call,
        "back_up": lambda *_, **__: results.pop(0),
    }.items():
        monkeypatch.setattr(last_backup, name, value)
    monkeypatch.setattr(last_backup.time, "sleep", lambda _: None)
    last_backup.last_backup(SETTINGS, Paths(tmp_path), "token")
    assert len(leases) == taken
    assert len(results) == 1 - taken
