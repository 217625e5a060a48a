"""Which etcd version may follow on which."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.changes.version_order import version_refusals
from components.shared.versions import parse_version


def refusal(old: str, new: str, *, checksum_given: bool = False) -> str:
    return "".join(version_refusals(old, new, checksum_given=checksum_given))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("3.6.14", "3.6.14"),
        ("3.6.13", "3.6.14"),
        ("3.5.32", "3.6.14"),
        ("3.5.33", "3.6.11"),
        ("3.6.11", "3.7.1"),
    ],
)
def test_patch_releases_and_the_next_minor_version_follow(old: str, new: str) -> None:
    assert refusal(old, new) == ""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("3.6.14", "3.6.13", "etcd does not go back. Set it to 3.6.14 or newer"),
        ("3.6.14", "3.5.33", "etcd does not go back"),
        ("3.5.33", "3.7.1", "one minor version at a time. Set it to 3.6.14 and let a pulumi up end well first"),
        ("3.5.31", "3.7.1", "one minor version at a time. Set it to 3.5.33 and"),
        ("3.5.31", "3.6.14", "3.6 is reached from 3.5.32 or newer. Set it to 3.5.33 and"),
        ("3.6.10", "3.7.1", "3.7 is reached from 3.6.11 or newer. Set it to 3.6.14 and"),
        ("3.7.1", "3.8.0", "knows the upgrades up to 3.7. Read the upgrade guide of 3.8, then set etcd:releaseSha256"),
        ("3.7.1", "4.0.0", "one minor version at a time. Set it to a release of 3.8 and"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_the_way_to_go(old: str, new: str, words: str) -> None:
    said = refusal(old, new)
    assert said.startswith(f"etcd:version is {new}, and the cluster has {old}: ")
    assert words in said


def test_an_unknown_minor_version_is_the_operators_word_against_the_programs() -> None:
    assert refusal("3.7.1", "3.8.0", checksum_given=True) == ""
    assert "one minor version at a time" in refusal("3.6.14", "3.8.0", checksum_given=True)


versions = st.builds("3.{}.{}".format, st.integers(5, 7), st.integers(0, 40))


@given(versions, versions)
def test_following_the_advice_arrives_unless_it_means_going_back(old: str, new: str) -> None:
    stops = [old]
    while said := refusal(stops[-1], new):
        if parse_version(new) < parse_version(stops[-1]):
            assert "does not go back" in said
            return
        (stop,) = re.findall(r"Set it to (\d+\.\d+\.\d+) and", said)
        assert refusal(stops[-1], stop) == ""
        assert parse_version(stops[-1]) < parse_version(stop)
        stops.append(stop)
    assert len(stops) <= 4
