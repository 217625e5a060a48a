"""When members may get another version, and when all of them have it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.changes.member_versions import running_versions, unfinished_upgrades, version_problems
from components.etcd.member_status import NoStatus
from tests.unit.components.changes.member_statuses import running


def test_a_member_that_an_interrupted_upgrade_left_behind_stops_the_next() -> None:
    observations = {"a": running(), "b": running("3.5.33", "3.5.0")}
    (reason,) = version_problems(observations, "3.7.1", checksum_given=True)
    assert reason.startswith("b runs etcd 3.5.33. ")
    assert "Set it to 3.6.14 and complete a pulumi up first" in reason


def test_members_of_neighbouring_versions_do_not_stop_an_upgrade() -> None:
    observations = {"a": running("3.7.1"), "b": running()}
    assert version_problems(observations, "3.7.1", checksum_given=True) == []


def test_the_cluster_version_covers_a_member_that_does_not_answer() -> None:
    observations = {"a": running(cluster_version="3.5.0"), "b": NoStatus("its droplet is gone")}
    (reason,) = version_problems(observations, "3.7.1", checksum_given=True)
    assert reason.startswith("etcd:version is 3.7.1, and the cluster version is still 3.5: ")
    assert "Set it to 3.6.14 and complete a pulumi up first" in reason
    assert version_problems(observations, "3.6.14", checksum_given=True) == []


def test_the_advice_prefers_a_release_that_a_member_runs() -> None:
    interrupted = {"a": running("3.6.16", "3.5.0"), "b": NoStatus("its droplet is gone")}
    (reason,) = version_problems(interrupted, "3.7.1", checksum_given=True)
    assert "Set it to 3.6.16 and complete a pulumi up first" in reason


def test_a_cluster_version_that_was_reached_forbids_a_downgrade() -> None:
    (reason,) = version_problems({"a": running(cluster_version="3.7.0")}, "3.6.14", checksum_given=True)
    assert (
        "the cluster version is already 3.7: the members cannot go back to an older minor version. " in reason
    )
    assert "Set it to a release of 3.7, with etcd:releaseSha256" in reason


@pytest.mark.parametrize("undecided", ["not_decided", "", "3.0.0"])
def test_a_cluster_without_a_version_stops_no_upgrade(undecided: str) -> None:
    observations = {"a": running(cluster_version=undecided), "b": running()}
    for version in ("3.6.14", "3.7.1"):
        assert version_problems(observations, version, checksum_given=True) == []


def test_a_member_without_a_status_has_no_version() -> None:
    observations = {"a": running(), "b": NoStatus("gone"), "c": running("")}
    assert running_versions(observations) == {"a": "3.6.14"}


def test_an_upgrade_is_complete_when_members_and_cluster_have_the_version() -> None:
    assert unfinished_upgrades(["a", "b"], {"a": running("3.7.1"), "b": running()}, "3.7.1") == {
        "a": "the cluster version is still 3.6.0",
        "b": "it runs etcd 3.6.14, not 3.7.1",
    }
    assert unfinished_upgrades(["a"], {"a": running("3.7.1", "3.7.0"), "b": running()}, "3.7.1") == {}
    assert unfinished_upgrades(["a"], {"a": running()}, "") == {}


def test_an_upgrade_is_incomplete_until_the_cluster_has_a_version() -> None:
    new = replace(running("3.7.1"), cluster_version="not_decided")
    assert unfinished_upgrades(["a"], {"a": new}, "3.7.1") == {
        "a": "the cluster version is still not_decided"
    }
