"""A restore from a missing or damaged backup, and the way out that docs/recovery.md names."""

from __future__ import annotations

from pathlib import Path

from localcloud.cloud import LocalCloud
from testbed.cluster import UP_LIMIT, Cluster, wait_for
from tests.drills.drill import MEMBERS, Drill

MEMBER = "etcd-server-1.corrected.example.test"


def test_a_restore_from_a_damaged_backup_is_corrected_after_a_destroy(
    drill: Drill, cloud: LocalCloud, tmp_path: Path
) -> None:
    drill.write("corrected")
    drill.back_up_at_last(MEMBERS[0])
    key = drill.backups()[-1].key
    stack = Cluster(
        cloud, tmp_path, stack="corrected", domain="corrected.example.test", size=1,
        restoreFrom=key.replace("_k", "_k9"), healthTimeoutSeconds=15,
    )  # fmt: skip
    try:
        missing = stack.run("pulumi", "preview", "--non-interactive", limit=UP_LIMIT)
        assert missing.returncode != 0
        assert f"etcd:restoreFrom is {key.replace('_k', '_k9')}: there is no backup named" in missing.stdout
        with drill.damaged_backup(key) as damaged:
            stack.configure(restoreFrom=damaged)
            refused(stack)
            # The member may still boot when the run gives up.
            wait_for(
                lambda: stack.journal(MEMBER, "preparecluster"),
                lambda log: "does not match the SHA-256 in its name" in log,
                "reason in the member's journal",
            )
        stack.configure(restoreFrom=key, healthTimeoutSeconds=None)
        assert "docs/recovery.md, A new cluster from a backup" in refused(stack)
        stack.destroy()
        stack.up()
        assert "corrected 39" in stack.etcdctl("get", "/drill/corrected/39")
    finally:
        stack.destroy()
    assert key in {backup.key for backup in drill.backups()}


def refused(stack: Cluster) -> str:
    """Return the output of a run that must fail."""
    result = stack.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", limit=UP_LIMIT)
    assert result.returncode != 0
    return result.stdout
