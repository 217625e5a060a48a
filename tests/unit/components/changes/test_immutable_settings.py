"""What a run may ask for after what an earlier one did."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.changes.immutable_settings import RequestedSettings, refusals
from tests.unit.components.config.valid_settings import settings

WISH = RequestedSettings.of(settings())

authorities = st.lists(st.integers(1, 4), min_size=1, max_size=2, unique=True).map(tuple)


def changed(**values: Any) -> RequestedSettings:
    return replace(WISH, **values)


def test_the_same_wish_again_is_never_refused() -> None:
    assert refusals(WISH, WISH) == []


def test_a_wish_survives_the_engines_state() -> None:
    floats = json.loads(json.dumps(asdict(WISH)).replace("10", "10.0").replace("[1]", "[1.0]"))
    assert WISH.as_recorded(floats) == WISH


def test_what_an_earlier_program_did_not_record_is_not_held_against_anyone() -> None:
    assert refusals(WISH.as_recorded({"volume_size": 9, "forgotten": 1}), WISH) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ({}, {"authorities": (2,)}, ["etcd:authorities is [2], and was [1]", "Set it to [1, 2] and"]),
        ({"authorities": (2, 1)}, {"authorities": (1,)}, ["still show certificates of CA 2", "[1, 2] and"]),
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
def test_a_refusal_names_key_value_reason_and_way_out(
    old: dict[str, Any], new: dict[str, Any], words: list[str]
) -> None:
    (said,) = refusals(changed(**old), changed(**new))
    assert [word for word in words if word not in said] == []


def test_a_volume_may_grow() -> None:
    assert refusals(WISH, changed(volume_size=20)) == []


def test_every_reason_is_given_at_once() -> None:
    assert (
        len(refusals(WISH, changed(authorities=(2,), volume_size=1, zone="x.com", addresses="private"))) == 4
    )


def test_a_ca_is_replaced_in_three_steps_and_back_again() -> None:
    steps = [(1,), (1, 2), (2, 1), (2,)]
    for before, after in pairwise(steps):
        assert refusals(changed(authorities=before), changed(authorities=after)) == []
        assert refusals(changed(authorities=after), changed(authorities=before)) == []


@given(authorities, authorities)
def test_members_before_and_after_an_allowed_step_trust_each_other(
    before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    allowed = refusals(changed(authorities=before), changed(authorities=after)) == []
    assert allowed == (before[0] in after and after[0] in before)


@given(authorities, authorities)
def test_following_the_advice_leads_to_any_authorities(
    before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    steps = [before]
    while said := refusals(changed(authorities=steps[-1]), changed(authorities=after)):
        (first,) = re.findall(r"Set it to \[(\d+), (\d+)\] and", said[0])
        steps.append(tuple(int(number) for number in first))
        assert refusals(changed(authorities=steps[-2]), changed(authorities=steps[-1])) == []
        assert len(steps) <= 4
