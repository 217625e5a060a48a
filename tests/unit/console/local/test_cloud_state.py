from __future__ import annotations

from typing import Any

import pytest

from console.local.backups import Backups
from console.local.cloud_state import CloudState, shown_cloud
from console.view.cloud import Record
from tests.unit.console.local.listings import NAMES, TAG, cloud_state


def records(state: CloudState, answers: dict[str, tuple[str, ...]]) -> list[Record] | None:
    return shown_cloud(state, TAG, NAMES, answers, Backups()).records


def record(number: int, **fields: Any) -> dict[str, Any]:
    return {"name": NAMES[number - 1], "type": "A", "content": f"203.0.113.{number}", **fields}


def test_records_of_members_tell_whether_they_are_answered() -> None:
    state = cloud_state(
        records=[record(2), record(1), record(3, type="TXT"), record(3, name="other.example.test")]
    )
    assert records(state, {NAMES[0]: ("203.0.113.1",), NAMES[1]: ("203.0.113.9",)}) == [
        Record(name=NAMES[0], address="203.0.113.1", answered=True),
        Record(name=NAMES[1], address="203.0.113.2", answered=False),
    ]


def test_a_stopped_name_server_answers_no_record() -> None:
    state = cloud_state(records=[record(1)], name_server_paused=True)
    shown = shown_cloud(state, TAG, NAMES, {NAMES[0]: ("203.0.113.1",)}, Backups())
    assert shown.dns_stopped
    assert shown.records == [Record(name=NAMES[0], address="203.0.113.1", answered=False)]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({"service": "digitalocean", "kind": "down"}, "DigitalOcean's API refuses connections"),
        ({"service": "cloudflare", "kind": "latency", "seconds": 5.0}, "Cloudflare's API answers 5 s late"),
        (
            {
                "service": "digitalocean",
                "kind": "status",
                "status": 503,
                "token": "discovery",
                "path": "^/v2/tags",
            },
            "DigitalOcean's API answers with status 503 for the token discovery at ^/v2/tags",
        ),
        (
            {"service": "digitalocean", "kind": "stale"},
            "DigitalOcean's API lists the droplets of an earlier time",
        ),
        (
            {"service": "digitalocean", "kind": "partial", "omit": ["one"]},
            "DigitalOcean's API leaves droplets out of its list",
        ),
        ({"service": "metadata", "kind": "drop"}, "metadata closes connections without an answer"),
    ],
)
def test_a_fault_is_said_in_words(fault: dict[str, Any], text: str) -> None:
    shown = shown_cloud(cloud_state(faults=[{"id": 4, **fault}]), TAG, NAMES, {}, Backups()).faults
    assert [(one.id, one.text) for one in shown] == [(4, text)]


def test_without_an_answer_of_the_api_nothing_is_known() -> None:
    shown = shown_cloud(None, TAG, NAMES, {}, Backups(problem="Backups are off."))
    assert (shown.reach, shown.volumes, shown.tags, shown.records) == (None, None, None, None)
    assert (shown.backups, shown.backups_problem) == (None, "Backups are off.")
