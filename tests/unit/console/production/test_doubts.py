"""Silence at an old address is no bad health, and a record of another time is no wrong record."""

from __future__ import annotations

import pytest

from components.config.loading import ProviderAccess
from components.config.settings import Settings
from console.production.account import Account
from console.production.doubts import (
    REPLACED,
    UNCONFIRMED,
    UNRECORDED,
    Replacements,
    comparable_records,
    find_doubts,
)
from console.production.etcd import Etcd
from console.production.stack_facts import StackFacts
from console.view.run import Outcome, Run, Step

SETTINGS = Settings.model_validate(
    {"domain": "example.com", "discoveryToken": "dop_v1_secret", "clientCidrs": ["198.51.100.0/24"]}
)
NAMES = list(SETTINGS.member_names)
ONE = NAMES[0]
FACTS = StackFacts(
    project="etcd",
    stack="fra1",
    cluster="etcd-etcd-fra1",
    settings=SETTINGS,
    addresses={ONE: "203.0.113.1"},
    certificates_end=None,
    texts=None,
    digitalocean=ProviderAccess("https://api.example.com"),
    read_at=500.0,
)


def replacements(droplet: str, at: float, outcome: Outcome = "running") -> Replacements:
    seen = Replacements()
    step = Step.model_validate({"member": ONE, "gate": "open", "droplet": droplet})
    seen.look(
        Run(
            id="1",
            command="up",
            began=900,
            ended=None,
            outcome=outcome,
            reason="",
            steps=[step],
            waiting_for=None,
            waiting_since=None,
            lines=[],
        ),
        at,
    )
    return seen


def doubt(account: Account, replaced: Replacements | None = None, *, silent: float = 1000.0) -> str:
    etcd = Etcd(silent_since={ONE: silent})
    doubts = find_doubts(FACTS, account, etcd, replaced or Replacements(), unasked="", now=1010.0)
    return doubts.health.get(ONE, "")


def listed(at: float, problem: str = "") -> Account:
    return Account(droplets=[{"name": ONE}], listed_at={"droplets": at}, problem=problem)


def test_silence_counts_once_the_droplet_was_listed_after_it() -> None:
    assert doubt(listed(999)) == UNCONFIRMED
    assert doubt(listed(1001)) == ""


def test_a_member_without_a_droplet_is_not_in_doubt() -> None:
    assert doubt(Account(droplets=[], listed_at={"droplets": 999})) == ""


@pytest.mark.parametrize("droplet", ["deleting", "creating", "joining"])
def test_silence_at_the_address_of_a_replaced_droplet_is_unknown(droplet: str) -> None:
    assert doubt(listed(1001), replacements(droplet, 1005)) == REPLACED
    assert doubt(listed(1006), replacements(droplet, 1005)) == ""


def test_without_listings_the_last_runs_address_counts_until_it_is_replaced() -> None:
    account = Account(problem="no token")
    assert doubt(account) == ""
    assert doubt(account, replacements("creating", 1005)) == REPLACED


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        ("running", REPLACED),
        ("interrupted", UNRECORDED),
        ("failed", UNRECORDED),
        ("refused", UNRECORDED),
    ],
)
def test_without_listings_an_unfinished_run_leaves_addresses_in_doubt(outcome: Outcome, why: str) -> None:
    account = Account(problem="no token")
    assert doubt(account, replacements("done", 1005, outcome)) == why
    assert doubt(account, replacements("unchanged", 1005, outcome)) == ""
    assert doubt(account, replacements("done", 1005, "succeeded")) == ""
    assert doubt(listed(1006), replacements("done", 1005, outcome)) == ""


def comparable(account: Account, **given: float) -> str | None:
    moments = {"resolved_at": 1000.0, "records_changed_at": 1000.0, **given}
    records = {ONE: "203.0.113.9"}
    return comparable_records(
        records,
        resolved_at=moments["resolved_at"],
        records_changed_at=moments["records_changed_at"],
        account=account,
        known={ONE: ["203.0.113.1"]},
        running=False,
    ).get(ONE)


def test_a_record_is_compared_with_a_listing_of_the_same_age_alone() -> None:
    assert comparable(listed(999)) is None
    assert comparable(listed(1001)) == "203.0.113.9"
    changed = listed(1001)
    changed.changed_at = 1001
    assert comparable(changed) is None
    assert comparable(changed, resolved_at=1002) == "203.0.113.9"
