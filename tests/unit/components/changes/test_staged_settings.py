"""Which step may follow on the last one, whatever members run."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from components.changes.staged_settings import StagedSettings, refusals
from tests.unit.components.config.valid_settings import settings

STEP = StagedSettings.of(settings())


def test_a_step_survives_the_engines_state() -> None:
    floats = json.loads(json.dumps(asdict(STEP)).replace("[1]", "[1.0]"))
    assert STEP.as_recorded(floats) == STEP


def test_what_an_earlier_program_did_not_record_is_not_held_against_anyone() -> None:
    assert STEP.as_recorded({"version": "3.6.13", "forgotten": 1}) == replace(STEP, version="3.6.13")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (STEP, {"version": "3.8.0"}, ["etcd:version is 3.8.0", "one minor version at a time"]),
        (STEP, {"version": "3.7.1", "rollout": "all-at-once"}, ["etcd:version is 3.7.1", "Remove etcd:rollout"]),
        (STEP, {"authorities": [2]}, ["etcd:authorities is [2], and was [1]", "Set it to [1, 2] and"]),
        (
            replace(STEP, authorities=(2, 1)),
            {"authorities": [1]},
            ["still show certificates of CA 2", "[1, 2] and"],
        ),
    ],
)  # fmt: skip
def test_a_refusal_names_key_value_reason_and_way_out(
    old: StagedSettings, new: dict[str, Any], words: list[str]
) -> None:
    wished = settings(releaseSha256="0" * 64, **new)
    (said,) = refusals(old, StagedSettings.of(wished), wished)
    assert [word for word in words if word not in said] == []


@pytest.mark.parametrize(
    "allowed",
    [
        {"version": "3.7.1", "releaseSha256": "0" * 64},
        {"releaseUrl": "https://mirror.example.com/etcd-v{version}.tar.gz", "releaseSha256": "0" * 64},
        {"rollout": "all-at-once"},
        {"authorities": [1, 2]},
        {"version": "3.6.13"},
        {"version": "3.5.33"},
    ],
)
def test_what_a_rolling_change_can_do_or_members_must_be_asked_about_is_not_refused(
    allowed: dict[str, Any],
) -> None:
    wished = settings(**allowed)
    assert refusals(STEP, StagedSettings.of(wished), wished) == []
