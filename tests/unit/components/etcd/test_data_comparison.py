"""The comparison of the members' data before one of them goes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from itertools import cycle

import pytest

from components.etcd.admin import ChangeRefusedError, DataHash
from components.etcd.data_comparison import DifferentDataError, compare_data, minority
from components.etcd.member_status import MemberStatus, NoStatus, Observation

FIRST, SECOND, THIRD = NAMES = [f"etcd-server-{number}.example.com" for number in (1, 2, 3)]
STATUS = MemberStatus("c", "m", "l", learner=False, problem="", voters=frozenset(NAMES), ids={}, revision=7)
SAME = DataHash(11, 5)
OTHER = DataHash(12, 5)
BEFORE = DataHash(10, 3)
"""The hash of ``SAME`` data before a compaction."""
ONE_ROUND = [(name, 7) for name in NAMES]


class HashedMembers:
    """Members with these hashes; several for one member are its answers in turn."""

    def __init__(self, **hashes: DataHash | list[DataHash | str]) -> None:
        self.observations: dict[str, Observation] = dict.fromkeys(NAMES, STATUS)
        self.asked: list[tuple[str, int]] = []
        self._answers = {
            name: cycle(answers if isinstance(answers, list) else [answers])
            for name, answers in zip(NAMES, hashes.values(), strict=True)
        }

    async def observe(self) -> Mapping[str, Observation]:
        return self.observations

    async def data_hash(self, name: str, revision: int) -> DataHash:
        self.asked.append((name, revision))
        answer = next(self._answers[name])
        if isinstance(answer, str):
            raise ChangeRefusedError(answer)
        return answer

    async def compare(self, seconds: float = 5) -> None:
        await compare_data(
            self, self.observations, purpose="Before etcd-server-1 may change", ending="END", seconds=seconds
        )


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.etcd.data_comparison.RETRY_SECONDS", 0)


async def test_members_with_the_same_data_pass_after_one_comparison() -> None:
    members = HashedMembers(a=SAME, b=SAME, c=SAME)
    await members.compare()
    assert members.asked == ONE_ROUND


async def test_the_member_with_other_data_is_named_with_the_remedy() -> None:
    with pytest.raises(DifferentDataError) as error:
        await HashedMembers(a=SAME, b=OTHER, c=SAME).compare()
    text = str(error.value)
    assert f"{SECOND} has other data than {FIRST} and {THIRD} at revision 7" in text
    assert "recover rejoin" in text
    assert text.endswith("END")


async def test_no_member_is_blamed_when_no_majority_has_the_same_data() -> None:
    members = HashedMembers(a=SAME, b=OTHER, c=SAME)
    members.observations[THIRD] = NoStatus("gone")
    with pytest.raises(DifferentDataError) as error:
        await members.compare()
    assert "no majority has the same" in str(error.value)
    assert "rejoin" not in str(error.value)


async def test_all_are_asked_for_the_oldest_revision_that_a_member_has() -> None:
    members = HashedMembers(a=SAME, b=SAME, c=SAME)
    members.observations[SECOND] = dataclasses.replace(STATUS, revision=4)
    await members.compare()
    assert members.asked == [(FIRST, 4), (SECOND, 4), (THIRD, 4)]


async def test_members_are_compared_again_after_a_compaction() -> None:
    members = HashedMembers(a=[BEFORE, SAME], b=SAME, c=[BEFORE, SAME])
    await members.compare()
    assert members.asked == ONE_ROUND * 2


async def test_members_are_compared_again_when_a_revision_was_compacted() -> None:
    members = HashedMembers(a=["compacted", SAME], b=SAME, c=SAME)
    await members.compare()
    assert members.asked == [(FIRST, 7), *ONE_ROUND]


async def test_a_compaction_does_not_hide_other_data() -> None:
    members = HashedMembers(a=[BEFORE, SAME], b=OTHER, c=[BEFORE, SAME])
    with pytest.raises(DifferentDataError, match=f"{SECOND} has other data than {FIRST} and {THIRD}"):
        await members.compare()
    assert members.asked == ONE_ROUND * 2


async def test_a_compaction_that_does_not_end_is_an_error() -> None:
    with pytest.raises(
        DifferentDataError, match=r"could not be compared within 0 s .*: a compaction is under"
    ):
        await HashedMembers(a=BEFORE, b=SAME, c=SAME).compare(seconds=0)


async def test_a_comparison_that_never_succeeds_says_why() -> None:
    with pytest.raises(DifferentDataError, match=r"could not be compared within 0 s .*: permission denied"):
        await HashedMembers(a=["permission denied"], b=SAME, c=SAME).compare(seconds=0)


@pytest.mark.parametrize(
    "other",
    [dataclasses.replace(STATUS, learner=True), dataclasses.replace(STATUS, problem="no leader")],
    ids=["a learner", "a member with a problem"],
)
async def test_a_single_healthy_voter_is_compared_with_nobody(other: MemberStatus) -> None:
    members = HashedMembers(a=SAME, b=SAME, c=SAME)
    members.observations = {FIRST: STATUS, SECOND: other}
    await members.compare()
    assert members.asked == []


def test_a_minority_is_all_members_outside_the_majority() -> None:
    assert minority({"a": SAME, "b": OTHER, "c": SAME, "d": DataHash(13, 5), "e": SAME}) == ["b", "d"]
    assert minority({"a": SAME, "b": OTHER}) == ()
