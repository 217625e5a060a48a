"""Every interleaving of a founding, and what each rule is for."""

from __future__ import annotations

import pytest
from etcd_node.bootstrap.bootstrap_rules import (
    RULES,
    Rule,
    everyone_has_the_snapshot,
    later_members_have_no_data,
)

from tests.unit.etcd_node.bootstrap.bootstrap_model import BEFORE, FOUNDED, Guards, Violation, explore

# What the other two are for is shown by cases of their own.
ABOUT_WRITES = [rule for rule in RULES if rule not in {later_members_have_no_data, everyone_has_the_snapshot}]


def test_no_interleaving_founds_a_second_cluster_or_loses_a_write() -> None:
    states = explore(Guards(), BEFORE)
    assert not isinstance(states, Violation), states.trace
    assert FOUNDED in states
    assert len(states) > 50_000


def test_no_founding_member_founds_anew_beside_members_that_joined_later() -> None:
    states = explore(Guards(founders=1), FOUNDED)
    assert not isinstance(states, Violation), states.trace
    assert len(states) > 5_000


@pytest.mark.parametrize("rule", ABOUT_WRITES)
def test_without_any_one_rule_of_the_decision_a_write_is_lost(rule: Rule) -> None:
    rules = [other for other in RULES if other is not rule]
    assert isinstance(explore(Guards(rules=rules), BEFORE, FOUNDED), Violation)


def test_without_a_look_at_later_members_a_grown_cluster_is_founded_twice() -> None:
    rules = [rule for rule in RULES if rule is not later_members_have_no_data]
    assert isinstance(explore(Guards(founders=1, rules=rules), FOUNDED), Violation)


@pytest.mark.parametrize(
    "guards",
    [
        pytest.param(Guards(two_rounds=False), id="two rounds"),
        pytest.param(Guards(own_run=False), id="a decision names the run that acts on it"),
        pytest.param(Guards(disk_decides=False), id="a disk with data takes no part"),
        pytest.param(Guards(embryo_by_log=False), id="only a log without a write is thrown away"),
    ],
)
def test_without_any_one_guard_around_the_decision_a_write_is_lost(guards: Guards) -> None:
    assert isinstance(explore(guards, BEFORE, FOUNDED), Violation)
