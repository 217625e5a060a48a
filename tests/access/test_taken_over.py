"""Authentication that was switched on by hand becomes the program's, without a moment in which it is off."""

from __future__ import annotations

from pathlib import Path

from localcloud.cloud import LocalCloud
from tests.access.stack import ADMIN, WithClients


def test_etcd_auth_true_takes_over_what_was_switched_on_by_hand(cloud: LocalCloud, tmp_path: Path) -> None:
    stack = WithClients(cloud, tmp_path, "takeover", domain="takeover.example.test", size=1)
    stack.up()
    stack.etcdctl("user", "add", "root:secret")
    stack.etcdctl("user", "grant-role", "root", "root")
    stack.etcdctl("user", "add", "byhand:secret")
    stack.etcdctl("auth", "enable")
    stack.configure(auth=True, clients=[{"name": ADMIN, "root": True}])
    said = stack.up()
    assert "byhand" in said
    assert stack.is_enforced()
    assert stack.may(ADMIN, "put", "/key", "value")
    stack.up("--expect-no-changes")
    stack.destroy()
