"""Which tags of the account are markers that nothing knows any more."""

from __future__ import annotations

import pytest

from components.orphans.stray_tags import stray_tags

NAME = "etcd-etcd-fra1"
IDENTITY = f"{NAME}-id-0123456789ab"
KNOWN = frozenset({NAME, f"{NAME}-up", f"{NAME}-size-3", f"{NAME}-one-at-a-time", IDENTITY})


@pytest.mark.parametrize("kind", ["size-5", "all-at-once", "id-ba9876543210"])
def test_a_marker_that_is_neither_known_nor_wanted_is_stray(kind: str) -> None:
    tags = {*KNOWN, f"{NAME}-{kind}"}
    assert stray_tags(NAME, tags, known=KNOWN, wanted=KNOWN) == [f"{NAME}-{kind}"]


def test_tags_of_the_state_and_of_the_run_stay() -> None:
    later = {f"{NAME}-size-5", f"{NAME}-all-at-once"}
    assert not stray_tags(NAME, {*KNOWN, *later}, known=KNOWN, wanted=later)


@pytest.mark.parametrize(
    "tag", ["web", "etcd-etcd-ams3-size-5", f"{NAME}-2-size-5", f"{NAME}-size-many", NAME]
)
def test_other_tags_stay(tag: str) -> None:
    assert not stray_tags(NAME, {tag}, known=(), wanted=())


def test_a_stray_tag_is_named_with_the_capitals_that_the_account_lists() -> None:
    capitals = f"{NAME}-size-5".upper()
    assert stray_tags(NAME, {capitals}, known=KNOWN, wanted=KNOWN) == [capitals]
    assert not stray_tags(NAME, {capitals}, known={f"{NAME}-Size-5"}, wanted=KNOWN)
