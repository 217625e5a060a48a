"""Which settings may follow which."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.changes.immutable_settings import RequestedSettings, transition_problems
from tests.unit.components.config.valid_settings import settings

REQUESTED = RequestedSettings.of(settings())

authorities = st.lists(st.integers(1, 4), min_size=1, max_size=2, unique=True).map(tuple)


def changed(**values: Any) -> RequestedSettings:
    return replace(REQUESTED, **values)


def test_unchanged_settings_are_never_rejected() -> None:
    assert transition_problems(REQUESTED, REQUESTED) == []


def test_the_settings_are_restored_from_the_engines_state() -> None:
    floats = json.loads(json.dumps(asdict(REQUESTED)).replace("10", "10.0").replace("[1]", "[1.0]"))
    assert REQUESTED.as_recorded(floats) == REQUESTED


def test_a_field_without_a_record_may_have_any_value() -> None:
    assert transition_problems(REQUESTED.as_recorded({"volume_size": 9, "unknown": 1}), REQUESTED) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ({}, {"authorities": (2,)}, ["etcd:authorities is [2], and was [1]", "Set it to [1, 2] and"]),
        ({"authorities": (2, 1)}, {"authorities": (1,)}, ["still use certificates of CA 2", "[1, 2] and"]),
        ({}, {"volume_size": 5}, ["etcd:volumeSize is 5, and was 10", "cannot shrink", "Use 10 or more"]),
        ({}, {"volume_size": 0}, ["etcd:volumeSize is 0, and was 10", "Set it back to 10"]),
        ({"volume_size": 0}, {}, ["etcd:volumeSize is 10, and was 0", "Set it back to 0"]),
        (
            {},
            {"addresses": "private"},
            ["etcd:addresses is private, and was public", "Set it back to public"],
        ),
        (
            {},
            {"domain": "x.example.com"},
            ["etcd:domain is x.example.com", "Set it back to etcd.example.com"],
        ),
        ({}, {"zone": "etcd.example.com"}, ["etcd:zone is etcd.example.com", "Set it back to example.com"]),
        ({}, {"region": "ams3"}, ["etcd:region is ams3, and was fra1", "Set it back to fra1"]),
    ],
)
def test_an_error_names_key_value_reason_and_way_out(
    old: dict[str, Any], new: dict[str, Any], words: list[str]
) -> None:
    (reason,) = transition_problems(changed(**old), changed(**new))
    assert [word for word in words if word not in reason] == []


def test_a_volume_may_grow() -> None:
    assert transition_problems(REQUESTED, changed(volume_size=20)) == []


def test_all_reasons_are_given_at_once() -> None:
    new = changed(authorities=(2,), volume_size=1, zone="x.com", addresses="private")
    assert len(transition_problems(REQUESTED, new)) == 4


def test_a_ca_is_replaced_in_three_steps_in_both_directions() -> None:
    steps = [(1,), (1, 2), (2, 1), (2,)]
    for before, after in pairwise(steps):
        assert transition_problems(changed(authorities=before), changed(authorities=after)) == []
        assert transition_problems(changed(authorities=after), changed(authorities=before)) == []


@given(authorities, authorities)
def test_members_before_and_after_an_allowed_step_trust_each_other(
    before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    allowed = transition_problems(changed(authorities=before), changed(authorities=after)) == []
    assert allowed == (before[0] in after and after[0] in before)


@given(authorities, authorities)
def test_following_the_advice_reaches_any_authorities(
    before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    steps = [before]
    while reasons := transition_problems(changed(authorities=steps[-1]), changed(authorities=after)):
        (first,) = re.findall(r"Set it to \[(\d+), (\d+)\] and", reasons[0])
        steps.append(tuple(int(number) for number in first))
        assert transition_problems(changed(authorities=steps[-2]), changed(authorities=steps[-1])) == []
        assert len(steps) <= 4
