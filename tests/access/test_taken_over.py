"""Authentication that was switched on by hand becomes the program's, by way of ``etcd:auth`` false."""

from __future__ import annotations

from pathlib import Path

from localcloud.cloud import LocalCloud
from testbed.cluster import UP_LIMIT
from tests.access.stack import ADMIN, WithClients


def test_authentication_by_hand_is_switched_off_and_then_taken_over(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    stack = WithClients(cloud, tmp_path, "takeover", domain="takeover.example.test", size=1)
    stack.up()
    stack.etcdctl("user", "add", "root:secret")
    stack.etcdctl("user", "grant-role", "root", "root")
    stack.etcdctl("user", "add", "byhand:secret")
    stack.etcdctl("auth", "enable")
    stack.configure(auth=True, clients=[{"name": ADMIN, "root": True}])
    for command in (["preview"], ["up", "--yes", "--skip-preview"]):
        refused = stack.run("pulumi", *command, "--non-interactive", limit=UP_LIMIT)
        assert refused.returncode != 0, refused.stdout
        assert "Set etcd:auth to false and complete a pulumi up first" in refused.stdout
    stack.configure(auth=False)
    stack.up()
    stack.configure(auth=True)
    said = stack.up()
    assert "byhand" in said
    assert stack.is_enforced()
    assert stack.may(ADMIN, "put", "/key", "value")
    stack.up("--expect-no-changes")
    stack.destroy()
