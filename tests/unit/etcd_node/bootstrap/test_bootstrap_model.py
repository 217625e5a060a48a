"""Every interleaving of a bootstrap is safe, and every rule is necessary."""

from __future__ import annotations

import pytest
from etcd_node.bootstrap.bootstrap_rules import (
    RULES,
    Rule,
    everyone_has_the_snapshot,
    later_members_have_no_data,
)

from campaign.models.bootstrap_model import Guards, Violation, explore, healthy_cluster, new_droplets

BEFORE = new_droplets(3)
HEALTHY = healthy_cluster(3)

# Other tests show why the other two rules are necessary.
ABOUT_WRITES = [rule for rule in RULES if rule not in {later_members_have_no_data, everyone_has_the_snapshot}]


def test_no_interleaving_starts_a_second_cluster_or_loses_a_write() -> None:
    states = explore(Guards(), BEFORE)
    assert not isinstance(states, Violation), states.trace
    assert HEALTHY in states
    assert len(states) > 50_000


def test_initial_members_start_no_new_cluster_beside_later_members() -> None:
    states = explore(Guards(initial_members=1), HEALTHY)
    assert not isinstance(states, Violation), states.trace
    assert len(states) > 5_000


@pytest.mark.parametrize("rule", ABOUT_WRITES)
def test_a_write_is_lost_without_any_one_rule_of_the_decision(rule: Rule) -> None:
    rules = [other for other in RULES if other is not rule]
    assert isinstance(explore(Guards(rules=rules), BEFORE, HEALTHY), Violation)


def test_a_grown_cluster_starts_twice_when_later_members_are_not_asked() -> None:
    rules = [rule for rule in RULES if rule is not later_members_have_no_data]
    assert isinstance(explore(Guards(initial_members=1, rules=rules), HEALTHY), Violation)


@pytest.mark.parametrize(
    "guards",
    [
        pytest.param(Guards(two_rounds=False), id="two rounds"),
        pytest.param(Guards(own_run=False), id="a decision names the run that acts on it"),
        pytest.param(Guards(disk_decides=False), id="a disk with data takes no part"),
        pytest.param(Guards(only_empty_logs_discarded=False), id="only a log without a write is set aside"),
    ],
)
def test_a_write_is_lost_without_any_one_guard_around_the_decision(guards: Guards) -> None:
    assert isinstance(explore(guards, BEFORE, HEALTHY), Violation)
