"""A bucket that the program creates: it exists before the members, and stays after a destroy."""

from __future__ import annotations

import json
from pathlib import Path

from localcloud.cloud import LocalCloud
from testbed.cluster import Cluster

MEMBER = "etcd-server-1.made.example.test"


def test_a_created_bucket_outlives_the_cluster_and_serves_the_next_one(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    made = {"backupBucket": "etcd-made", "backupBucketCreate": True}
    stack = Cluster(cloud, tmp_path, stack="made", domain="made.example.test", size=1, **made)
    bucket = cloud.layout.objects / "buckets/etcd-made"
    stack.up()
    stack.back_up_at_last(MEMBER)
    first = backups(bucket)
    assert first

    unchanged = stack.up()
    assert "created" not in unchanged
    assert "replaced" not in unchanged

    stack.destroy()
    assert json.loads(stack.pulumi("stack", "export"))["deployment"].get("resources", []) == []
    assert backups(bucket) >= first

    stack.up()
    stack.back_up_at_last(MEMBER)
    assert backups(bucket) > first

    stack.configure(backupBucket="etcd-other")
    stack.up()
    assert bucket.with_name("etcd-other").is_dir()
    assert backups(bucket) > first

    stack.configure(backupBucketCreate=None)
    stack.up()
    assert bucket.with_name("etcd-other").is_dir()
    stack.destroy()
    assert backups(bucket) > first


def backups(bucket: Path) -> set[str]:
    """Names of the bucket's objects, read from the server's folder."""
    return {str(file.relative_to(bucket)) for file in bucket.rglob("*.db.gz") if file.is_file()}
