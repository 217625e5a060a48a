"""Every interleaving of a founding from a backup, and what its rules are for."""

from __future__ import annotations

from etcd_node.bootstrap.bootstrap_rules import RULES, everyone_has_the_snapshot

from tests.unit.etcd_node.bootstrap.restore_model import Guards, explore


def test_members_never_start_with_different_snapshots_and_none_is_named_without_it() -> None:
    states = explore(Guards())
    assert isinstance(states, int), states
    assert states > 1000


def test_without_the_rule_a_member_is_named_that_cannot_restore() -> None:
    rules = [rule for rule in RULES if rule is not everyone_has_the_snapshot]
    state = explore(Guards(rules=rules))
    assert not isinstance(state, int)


def test_without_rule_and_guard_members_start_with_different_snapshots() -> None:
    rules = [rule for rule in RULES if rule is not everyone_has_the_snapshot]
    state = explore(Guards(rules=rules, own_snapshot=False))
    assert not isinstance(state, int)
