"""A member that somebody added with etcdctl is named by every run, and is neither waited for nor removed."""

from __future__ import annotations

import re

from testbed.cluster import wait_for
from tests.lifecycle.live import Live

ADDED = re.compile(r"Member\s+([0-9a-f]+)\s+added")
BLOCKS = "systemd-inhibit --list --no-legend --no-pager --mode=block"


def test_a_learner_added_by_hand_is_named_and_kept(live: Live) -> None:
    with live.case("a learner that was added by hand"):
        add = ("member", "add", "extra", "--learner", "--peer-urls=https://192.0.2.9:2380")
        output = wait_for(
            lambda: live.run("etcdctl", *add).stdout, lambda text: "added" in text, "new learner"
        )
        (learner,) = ADDED.findall(output)
        for run in (live.pulumi("preview"), live.up("--expect-no-changes")):
            assert (
                f"192.0.2.9 (id {learner}) is a member of the cluster that this program did not make" in run
            )
            assert f"etcdctl member remove {learner}" in run
        assert all("etcd" not in live.on(name, BLOCKS) for name in live.names)
        assert learner in live.etcdctl("member", "list")
        live.etcdctl("member", "remove", learner)
