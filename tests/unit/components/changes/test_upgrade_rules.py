"""Which version of etcd may follow which."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.changes.upgrade_rules import upgrade_problems
from components.shared.versions import parse_version


def problem(old: str, new: str, *, checksum_given: bool = False) -> str:
    return "".join(upgrade_problems(old, new, checksum_given=checksum_given))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("3.6.14", "3.6.14"),
        ("3.6.13", "3.6.14"),
        ("3.6.16", "3.6.14"),
        ("3.6.14", "3.6.1"),
        ("3.5.32", "3.6.14"),
        ("3.5.33", "3.6.11"),
        ("3.6.11", "3.7.1"),
    ],
)
def test_any_patch_release_and_the_next_minor_version_may_follow(old: str, new: str) -> None:
    assert problem(old, new) == ""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("3.6.14", "3.5.33", "cannot go back to an older minor version. docs/lifecycle.md (Back to an older minor"),
        ("3.7.1", "3.6.14", "another cluster can take over the data. Set it back to 3.7.1"),
        ("3.5.33", "3.7.1", "one minor version at a time. Set it to 3.6.14 and complete a pulumi up first"),
        ("3.5.31", "3.7.1", "one minor version at a time. Set it to 3.5.33 and"),
        ("3.5.31", "3.6.14", "3.6 is reached from 3.5.32 or newer. Set it to 3.5.33 and"),
        ("3.6.10", "3.7.1", "3.7 is reached from 3.6.11 or newer. Set it to 3.6.14 and"),
        ("3.7.1", "3.8.0", "knows upgrades up to 3.7. Read the upgrade guide of 3.8, then set etcd:releaseSha256"),
        ("3.7.1", "4.0.0", "one minor version at a time. Set it to a release of 3.8, with etcd:releaseSha256 and"),
    ],
)  # fmt: skip
def test_any_other_version_is_rejected_with_a_way_out(old: str, new: str, words: str) -> None:
    reason = problem(old, new)
    assert reason.startswith(f"etcd:version is {new}, and the cluster runs {old}: ")
    assert words in reason


def test_the_operators_checksum_allows_an_unknown_minor_version() -> None:
    assert problem("3.7.1", "3.8.0", checksum_given=True) == ""
    assert "one minor version at a time" in problem("3.6.14", "3.8.0", checksum_given=True)


versions = st.builds("3.{}.{}".format, st.integers(5, 7), st.integers(0, 40))


@given(versions, versions)
def test_following_the_advice_reaches_any_newer_version(old: str, new: str) -> None:
    stops = [old]
    while reason := problem(stops[-1], new):
        if parse_version(new) < parse_version(stops[-1]):
            assert reason.endswith(f"Set it back to {stops[-1]}")
            return
        (stop,) = re.findall(r"Set it to (\d+\.\d+\.\d+) and", reason)
        assert problem(stops[-1], stop) == ""
        assert parse_version(stops[-1]) < parse_version(stop)
        stops.append(stop)
    assert len(stops) <= 4
