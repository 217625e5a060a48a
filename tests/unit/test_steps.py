"""Which step may follow on the last one, and on what members run when it is asked for."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from components.health import DISTRUSTED, DISTRUSTS, Answer, Silence
from components.steps import Step, refusals, unprepared, untrusting
from tests.unit.valid_settings import settings

STEP = Step.of(settings())


def test_a_step_survives_the_engines_state() -> None:
    floats = json.loads(json.dumps(asdict(STEP)).replace("[1]", "[1.0]"))
    assert STEP.as_recorded(floats) == STEP


def test_what_an_earlier_program_did_not_record_is_not_held_against_anyone() -> None:
    assert STEP.as_recorded({"version": "3.6.13", "forgotten": 1}) == replace(STEP, version="3.6.13")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (STEP, {"version": "3.6.13"}, ["etcd:version is 3.6.13", "3.6.14 or newer"]),
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
    old: Step, new: dict[str, Any], words: list[str]
) -> None:
    wished = settings(releaseSha256="0" * 64, **new)
    (said,) = refusals(old, Step.of(wished), wished)
    assert [word for word in words if word not in said] == []


@pytest.mark.parametrize(
    "allowed",
    [
        {"version": "3.7.1", "releaseSha256": "0" * 64},
        {"releaseUrl": "https://mirror.example.com/etcd-v{version}.tar.gz", "releaseSha256": "0" * 64},
        {"rollout": "all-at-once"},
        {"authorities": [1, 2]},
    ],
)
def test_what_a_rolling_change_can_do_is_not_refused(allowed: dict[str, Any]) -> None:
    wished = settings(**allowed)
    assert refusals(STEP, Step.of(wished), wished) == []


def test_a_member_that_does_not_trust_the_next_signer_sends_the_operator_back_to_the_step_before() -> None:
    old, new = replace(STEP, authorities=(1, 2)), replace(STEP, authorities=(2, 1))
    (said,) = untrusting({"b": Silence(f"https://b: {DISTRUSTS}"), "c": Silence("gone")}, old, new)
    assert said == (
        "etcd:authorities is [2, 1]: b does not trust CA 2 yet, which is to sign. "
        "Set it to [1, 2] and let a pulumi up end well first"
    )


def test_a_member_with_a_certificate_of_the_ca_that_is_dropped_does_as_well() -> None:
    old, new = replace(STEP, authorities=(2, 1)), replace(STEP, authorities=(2,))
    (said,) = untrusting({"b": Silence(f"https://b: {DISTRUSTED}")}, old, new)
    assert "b still shows a certificate of a CA that is to be dropped. Set it to [2, 1] and" in said


def answer(version: str) -> Answer:
    return Answer(
        *("c1", "m1", "m1"),
        learner=False,
        healthy=True,
        reason="",
        voters=frozenset("ab"),
        ids={"a": "m1", "b": "m2"},
        version=version,
        cluster_version="3.6.0",
    )


def test_a_member_that_is_silent_cannot_prepare_its_log_and_is_repaired_first() -> None:
    seen = {"a": answer("3.6.14"), "b": Silence("its droplet is gone")}
    upgrade = replace(STEP, version="3.7.1")
    (said,) = unprepared(seen, STEP, upgrade)
    assert "every member takes a snapshot before it, and b does not answer. Set it to 3.6.14 and" in said
    assert list(unprepared(dict.fromkeys("ab", answer("3.6.14")), STEP, upgrade)) == []


def test_an_upgrade_that_was_interrupted_goes_on_whoever_is_silent() -> None:
    upgrade = replace(STEP, version="3.7.1")
    seen = {"a": answer("3.6.14"), "b": Silence("its droplet is gone")}
    assert list(unprepared(seen, upgrade, replace(upgrade, authorities=(1, 2)))) == []
