"""The remedy of a member follows from what was seen of it: one case for each row, and what no remedy ever names."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.etcd.health import problems
from components.etcd.member_status import (
    AUTHENTICATION,
    DISTRUSTED,
    DISTRUSTS,
    EXPIRED,
    NOT_YET_VALID,
    REJECTS_DATES,
    Cause,
    MemberStatus,
    NoStatus,
    Observation,
)
from components.etcd.node_report import NodeReport
from components.rollout.remedies import REMEDIES, Seen, Situation, abandon, remedy, situation
from components.shared.health import LEARNER

REPLACE = "pulumi up --target-replace 'URN' --target 'URN', and then pulumi up"
REFUSED = NoStatus("Connection refused", Cause.REFUSED)
RUNS = MemberStatus("c", "1", "1", learner=False, problem="", voters=frozenset(), ids={})
FULL = "[Errno 28] No space left on device"
WAITS = NodeReport("activating", "inactive")
ENDED = NodeReport("inactive", "activating")


def report(base: NodeReport, **changed: object) -> NodeReport:
    return NodeReport(**{**vars(base), **changed})  # type: ignore[arg-type]


ROWS: list[tuple[Situation, Seen]] = [
    (Situation.UNLISTED, Seen(NoStatus("503", Cause.UNLISTED), "503")),
    (Situation.UNTAGGED, Seen(NoStatus("its droplet 7 lacks the tag", Cause.UNTAGGED), "")),
    (Situation.UNTAGGED, Seen(NoStatus("its droplet 7 lacks the tag", Cause.UNTAGGED), "", leaving=True)),
    (Situation.LEAVING, Seen(NoStatus("none", Cause.NO_DROPLET), "none", leaving=True)),
    (Situation.NO_DROPLET, Seen(NoStatus("none", Cause.NO_DROPLET), "none")),
    (
        Situation.OWN_CLOCK,
        Seen(NoStatus(f"u: {EXPIRED}", Cause.CERTIFICATE), "", own_clock="this clock is off"),
    ),
    (
        Situation.OWN_CLOCK,
        Seen(NoStatus(NOT_YET_VALID, Cause.CERTIFICATE), "", own_clock="this clock is off"),
    ),
    (
        Situation.OWN_CLOCK,
        Seen(NoStatus(REJECTS_DATES, Cause.CERTIFICATE), "", own_clock="this clock is off"),
    ),
    (Situation.CERTIFICATE, Seen(NoStatus(DISTRUSTS, Cause.CERTIFICATE), "", own_clock="this clock is off")),
    *(
        (Situation.UNREACHED, Seen(NoStatus("", cause), "", heard=True))
        for cause in (Cause.SILENT, Cause.REFUSED, Cause.UNRESPONSIVE, Cause.STRANGE)
    ),
    (
        Situation.UNREACHED,
        Seen(NoStatus("", Cause.SILENT), "", report(ENDED, etcd="active", has_leader=True), heard=True),
    ),
    (
        Situation.HANGS,
        Seen(NoStatus("", Cause.UNRESPONSIVE), "", report(ENDED, etcd="active"), heard=True),
    ),
    (Situation.STOPPED, Seen(REFUSED, "", report(ENDED, etcd="inactive"), heard=True)),
    (Situation.CERTIFICATE, Seen(NoStatus(EXPIRED, Cause.CERTIFICATE), "", heard=True)),
    (
        Situation.NO_LEADER,
        Seen(NoStatus("slow", Cause.UNRESPONSIVE), "", report(ENDED, etcd="active", has_leader=False)),
    ),
    (Situation.AUTHENTICATION_UNSET, Seen(RUNS, AUTHENTICATION)),
    (Situation.AUTHENTICATION_OFF, Seen(RUNS, AUTHENTICATION, auth=False)),
    (Situation.AUTHENTICATION_ON, Seen(RUNS, AUTHENTICATION, auth=True)),
    (Situation.NO_SPACE, Seen(RUNS, "etcd reports that it is not healthy: ALARM NOSPACE")),
    (Situation.CORRUPT, Seen(RUNS, "etcd reports that it is not healthy: ALARM CORRUPT")),
    (Situation.LEARNER, Seen(RUNS, LEARNER)),
    (Situation.ANSWERS, Seen(RUNS, "it has no leader")),
    (
        Situation.DISK_FULL,
        Seen(RUNS, "it has no leader", report(ENDED, etcd="active", volume="v", free_bytes=0)),
    ),
    (Situation.READ_ONLY, Seen(RUNS, "it has no leader", report(ENDED, etcd="active", read_only=True))),
    (
        Situation.VOLUME_MISSING,
        Seen(REFUSED, "", report(WAITS, volume="v", mounted=False, waiting="v does not exist")),
    ),
    (
        Situation.NOT_MOUNTED,
        Seen(REFUSED, "", report(WAITS, volume="v", mounted=False, waiting="wrong fs type")),
    ),
    (Situation.NOT_MOUNTED, Seen(REFUSED, "", report(ENDED, volume="v", mounted=False))),
    (Situation.ROOT_DISK_FULL, Seen(REFUSED, "", report(ENDED, free_bytes=4096, last_words="w", exits=3))),
    (Situation.ROOT_DISK_FULL, Seen(RUNS, "it has no leader", report(ENDED, etcd="active", free_bytes=0))),
    (Situation.READ_ONLY, Seen(REFUSED, "", report(ENDED, read_only=True, last_words="w", exits=3))),
    (
        Situation.DISK_FULL,
        Seen(REFUSED, "", report(ENDED, volume="v", free_bytes=4096, last_words="w", exits=3)),
    ),
    (
        Situation.DAMAGED_FILESYSTEM,
        Seen(REFUSED, "", report(WAITS, volume="v", mounted=False, waiting="e2fsck -p cannot repair it")),
    ),
    (Situation.CLOCK, Seen(REFUSED, "", report(ENDED, clock_error=-3600.0))),
    (
        Situation.RESTORE,
        Seen(
            REFUSED,
            "",
            report(WAITS, waiting="no data here; waiting for the backup: etcd:restoreFrom x: 404"),
        ),
    ),
    (
        Situation.NO_QUORUM_TO_JOIN,
        Seen(REFUSED, "", report(WAITS, waiting="no data here; no quorum to join")),
    ),
    *(
        (Situation.WAITING, Seen(REFUSED, "", report(WAITS, waiting=words)))
        for words in (
            "cannot install etcd 3.6.14: u answers 503",
            "no quorum accepted the bootstrap: trying again",
        )
    ),
    *(
        (Situation.RELEASE, Seen(REFUSED, "", report(WAITS, waiting=f"cannot install etcd 3.6.14: {words}")))
        for words in (
            "u has the wrong checksum and was deleted: SHA-256 is a, expected b",
            "u is no .tar.gz (not a gzip file): correct etcd:releaseUrl and etcd:releaseSha256",
            "ab.tar.gz has no etcd",
        )
    ),
    *(
        (Situation.ROOT_DISK_FULL, Seen(REFUSED, "", report(WAITS, volume="v", waiting=f"{words} {FULL}")))
        for words in (
            "cannot install etcd 3.6.14: cannot write the release:",
            "waiting for the backup: etcd:restoreFrom x:",
        )
    ),
    (Situation.WAITING, Seen(REFUSED, "", report(WAITS, waiting="the disk has data: starting etcd with it"))),
    (
        Situation.DAMAGED,
        Seen(
            REFUSED,
            "",
            report(
                WAITS, waiting="the disk has data: starting etcd with it", last_words="walpb: crc mismatch"
            ),
        ),
    ),
    (Situation.KILLED, Seen(REFUSED, "", report(ENDED, result="oom-kill", exits=4))),
    (
        Situation.DAMAGED,
        Seen(REFUSED, "", report(ENDED, last_words="walpb: crc mismatch: expected", exits=9)),
    ),
    (
        Situation.DAMAGED,
        Seen(REFUSED, "", report(ENDED, last_words="failed to open database", result="signal")),
    ),
    (
        Situation.FLAGS,
        Seen(REFUSED, "", report(ENDED, last_words="failed to verify flags: tracing sampling rate", exits=9)),
    ),
    (Situation.ENDS, Seen(REFUSED, "", report(ENDED, last_words="--election-timeout is too short", exits=9))),
    (Situation.STOPPED, Seen(REFUSED, "", report(ENDED, etcd="inactive"))),
    (Situation.HANGS, Seen(NoStatus("slow", Cause.UNRESPONSIVE), "", report(ENDED, etcd="active"))),
    (Situation.HANGS, Seen(NoStatus("slow", Cause.UNRESPONSIVE), "", report(ENDED, etcd="active", exits=1))),
    (Situation.ENDS, Seen(REFUSED, "", report(ENDED, last_words="open wal: permission denied", exits=9))),
    (Situation.CERTIFICATE, Seen(NoStatus(f"u: {EXPIRED}", Cause.CERTIFICATE), "")),
    (Situation.CERTIFICATE, Seen(NoStatus(f"u: {DISTRUSTS}", Cause.CERTIFICATE), "")),
    (Situation.CERTIFICATE, Seen(NoStatus(f"u: {DISTRUSTED}", Cause.CERTIFICATE), "")),
    (Situation.NOT_VALID, Seen(NoStatus(f"u: {NOT_YET_VALID}", Cause.CERTIFICATE), "")),
    (Situation.UNRESPONSIVE, Seen(NoStatus("no answer in time", Cause.UNRESPONSIVE), "")),
    (Situation.SILENT, Seen(NoStatus("no answer in time", Cause.SILENT), "")),
    (Situation.REFUSED, Seen(REFUSED, "")),
    (Situation.STRANGE, Seen(NoStatus("404", Cause.STRANGE), "")),
]


@pytest.mark.parametrize(("expected", "seen"), ROWS, ids=[row.name for row, _ in ROWS])
def test_each_situation_is_told_from_what_was_seen(expected: Situation, seen: Seen) -> None:
    assert situation(seen) is expected
    assert REMEDIES[expected].text in remedy(seen, only_unhealthy=True, replace_command=REPLACE)


def test_the_table_and_its_cases_have_every_situation() -> None:
    assert set(REMEDIES) == set(Situation) == {row for row, _ in ROWS}


reports = st.none() | st.builds(
    NodeReport,
    prepare=st.sampled_from(["activating", "inactive", "failed"]),
    etcd=st.sampled_from(["active", "inactive", "activating", "failed"]),
    waiting=st.sampled_from(
        [
            "",
            "waiting for a to choose a backup: etcd:restoreFrom x: 404",
            "no data here; no quorum to join",
            "e2fsck -p cannot repair it",
            "w",
        ]
    ),
    last_words=st.sampled_from(["", "wal: crc mismatch", "no space left on device"]),
    result=st.sampled_from(["", "success", "exit-code", "oom-kill"]),
    exits=st.integers(0, 9),
    volume=st.sampled_from(["", "v"]),
    mounted=st.booleans(),
    free_bytes=st.none() | st.integers(0, 1 << 30),
    read_only=st.booleans(),
    aside_bytes=st.sampled_from([0, 4096]),
    contents=st.sampled_from(["", "no data", "data", "an empty bootstrap log"]),
    clock_error=st.floats(-1e6, 1e6),
    has_leader=st.sampled_from([None, False, True]),
)
answers = st.builds(
    MemberStatus,
    cluster_id=st.sampled_from(["", "c"]),
    member_id=st.just("1"),
    leader=st.sampled_from(["", "0", "1"]),
    learner=st.booleans(),
    problem=st.sampled_from(["", AUTHENTICATION, "ALARM NOSPACE", "ALARM CORRUPT", "RAFT NO LEADER"]),
    voters=st.just(frozenset({"a", "b", "c"})),
    ids=st.just({}),
)
silences = st.builds(
    NoStatus, st.sampled_from([EXPIRED, DISTRUSTS, DISTRUSTED, "no answer in time"]), st.sampled_from(Cause)
)
Found = tuple[Observation, NodeReport | None, bool, bool, str]
"""One member: its observation, its report, whether others hear from it, whether it leaves, the own clock."""
clusters = st.lists(
    st.tuples(
        answers | silences, reports, st.booleans(), st.booleans(), st.sampled_from(["", "this clock is off"])
    ),
    min_size=3,
    max_size=3,
)


def seen_in(cluster: Sequence[Found]) -> dict[str, Seen]:
    found = dict(zip("abc", cluster, strict=True))
    unhealthy = problems("abc", {name: one[0] for name, one in found.items()})
    return {
        name: Seen(
            observation,
            unhealthy.get(name, ""),
            told,
            heard=heard,
            leaving=leaving,
            own_clock=own_clock,
        )
        for name, (observation, told, heard, leaving, own_clock) in found.items()
    }


@given(clusters)
def test_no_remedy_destroys_or_names_what_is_not_there(
    cluster: list[Found],
) -> None:
    seen = seen_in(cluster)
    unhealthy = [name for name in seen if seen[name].problem]
    for name in unhealthy:
        one = seen[name]
        text = remedy(one, only_unhealthy=len(unhealthy) == 1, replace_command=REPLACE)
        assert not any(words in text for words in ("delete", "destroy", "by hand", "--silent-are-down"))
        assert "all-at-once" not in text
        if REPLACE in text:
            assert unhealthy == [name]
            assert isinstance(one.observation, NoStatus)
            assert one.observation.cause not in {Cause.NO_DROPLET, Cause.UNLISTED, Cause.UNTAGGED}
            assert not (one.own_clock and one.observation.reason == EXPIRED)
            assert not (one.heard and one.observation.cause is Cause.SILENT and one.report is None)
            if (told := one.report) is not None:
                assert told.mounted or not told.volume
                assert not any((told.read_only, told.full, told.last_words, told.waits_for_quorum))


@given(clusters, st.booleans())
def test_abandoning_is_named_only_where_nothing_runs_and_nothing_is_kept(
    cluster: list[Found], volumes: bool
) -> None:
    text = abandon(seen_in(cluster).values(), volumes=volumes)
    if "all-at-once" in text or "pulumi destroy" in text:
        assert not any(isinstance(observation, MemberStatus) for observation, *_ in cluster)
        told = [report for _, report, *_ in cluster]
        assert all(one is not None and one.contents == "no data" and not one.aside_bytes for one in told)
        assert not any(one is not None and one.etcd == "active" for one in told)


def test_a_wrong_clock_of_this_machine_is_named_with_its_repair() -> None:
    seen = Seen(
        NoStatus(EXPIRED, Cause.CERTIFICATE), "", own_clock="this machine's clock is 2:00:00 ahead. Set it"
    )
    text = remedy(seen, only_unhealthy=True, replace_command=REPLACE)
    assert text.endswith("This machine's clock is 2:00:00 ahead. Set it.")


def test_a_cluster_that_never_had_data_may_be_replaced_at_once() -> None:
    waiting = [Seen(REFUSED, "", report(WAITS, contents="no data"))] * 3
    assert "pulumi config set etcd:rollout all-at-once" in abandon(waiting, volumes=True)
    assert "pulumi destroy, and then pulumi up, with etcd:restoreFrom" in abandon(waiting, volumes=False)
    assert "docs/recovery.md" in abandon([*waiting[:2], Seen(REFUSED, "")], volumes=True)
