"""When members may be given another version, and when they all have it."""

from __future__ import annotations

from dataclasses import replace

from components.changes.version_checks import lagging, unfinished, versions
from components.etcd.member_status import NoStatus
from tests.unit.components.changes.answers import answer

WELL = answer()


def test_a_member_that_an_interrupted_upgrade_left_behind_stops_the_next_one() -> None:
    seen = {"a": WELL, "b": replace(WELL, version="3.5.33", cluster_version="3.5.0")}
    (reason,) = lagging(seen, "3.7.1", checksum_given=True)
    assert reason.startswith("b runs etcd 3.5.33. ")
    assert "Set it to 3.6.14 and let a pulumi up end well first" in reason


def test_members_of_neighbouring_versions_do_not() -> None:
    seen = {"a": replace(WELL, version="3.7.1"), "b": WELL}
    assert lagging(seen, "3.7.1", checksum_given=True) == []


def test_the_clusters_own_version_speaks_for_a_member_that_is_silent() -> None:
    seen = {"a": replace(WELL, cluster_version="3.5.0"), "b": NoStatus("its droplet is gone")}
    (reason,) = lagging(seen, "3.7.1", checksum_given=True)
    assert reason.startswith("etcd:version is 3.7.1, and the cluster itself is still at 3.5: ")
    assert "Set it to 3.6.14 and let a pulumi up end well first" in reason
    assert lagging(seen, "3.6.14", checksum_given=True) == []


def test_the_clusters_own_version_is_a_way_back_that_is_closed() -> None:
    seen = {"a": replace(WELL, cluster_version="3.7.0")}
    (reason,) = lagging(seen, "3.6.14", checksum_given=True)
    assert "the cluster itself is at 3.7 already: etcd does not go back. Set it to a release of 3.7" in reason


def test_a_cluster_without_a_version_yet_is_not_asked_for_it() -> None:
    seen = {"a": replace(WELL, cluster_version="not_decided"), "b": replace(WELL, cluster_version="")}
    assert lagging(seen, "3.7.1", checksum_given=True) == []


def test_a_silent_member_says_nothing_about_versions() -> None:
    assert versions({"a": WELL, "b": NoStatus("gone"), "c": replace(WELL, version="")}) == {"a": "3.6.14"}


def test_an_upgrade_is_over_when_each_member_and_the_cluster_have_the_version() -> None:
    new = replace(WELL, version="3.7.1")
    assert unfinished(["a", "b"], {"a": new, "b": WELL}, "3.7.1") == {
        "a": "the cluster still has version 3.6.0",
        "b": "it runs etcd 3.6.14, not 3.7.1",
    }
    done = replace(new, cluster_version="3.7.0")
    assert unfinished(["a"], {"a": done, "b": WELL}, "3.7.1") == {}
    assert unfinished(["a"], {"a": WELL}, "") == {}


def test_a_cluster_that_has_not_agreed_on_a_version_yet_is_waited_for() -> None:
    young = replace(WELL, version="3.7.1", cluster_version="not_decided")
    assert unfinished(["a"], {"a": young}, "3.7.1") == {"a": "the cluster still has version not_decided"}
