"""Which step may follow which, whatever the members run."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from components.changes.staged_settings import StagedSettings, step_problems
from tests.unit.components.config.valid_settings import settings

STEP = StagedSettings.of(settings())


def test_the_settings_are_restored_from_the_engines_state() -> None:
    floats = json.loads(json.dumps(asdict(STEP)).replace("[1]", "[1.0]"))
    assert STEP.as_recorded(floats) == STEP


def test_a_field_without_a_record_has_the_value_of_this_run() -> None:
    assert STEP.as_recorded({"version": "3.6.13", "unknown": 1}) == replace(STEP, version="3.6.13")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (STEP, {"version": "3.8.0"}, ["etcd:version is 3.8.0", "one minor version at a time"]),
        (STEP, {"version": "3.7.1", "rollout": "all-at-once"}, ["etcd:version is 3.7.1", "Remove etcd:rollout"]),
        (STEP, {"authorities": [2]}, ["etcd:authorities is [2], and was [1]", "Set it to [1, 2] and"]),
        (
            replace(STEP, authorities=(2, 1)),
            {"authorities": [1]},
            ["still use certificates of CA 2", "[1, 2] and"],
        ),
    ],
)  # fmt: skip
def test_an_error_names_key_value_reason_and_way_out(
    old: StagedSettings, new: dict[str, Any], words: list[str]
) -> None:
    checksum = "" if new.get("version") is None else "0" * 64
    requested = settings(releaseSha256=checksum, **new)
    (reason,) = step_problems(old, StagedSettings.of(requested), requested)
    assert [word for word in words if word not in reason] == []


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
def test_a_possible_step_and_any_downgrade_are_left_to_the_members(allowed: dict[str, Any]) -> None:
    requested = settings(**allowed)
    assert step_problems(STEP, StagedSettings.of(requested), requested) == []
