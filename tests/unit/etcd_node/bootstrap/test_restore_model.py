"""Every interleaving of a bootstrap from a backup is safe, and its rules are necessary."""

from __future__ import annotations

from etcd_node.bootstrap.bootstrap_rules import RULES, everyone_has_the_snapshot

from campaign.models.restore_model import Guards, explore


def test_members_never_start_with_different_or_missing_snapshots() -> None:
    states = explore(Guards())
    assert isinstance(states, int), states
    assert states > 1000


def test_without_the_rule_a_decision_names_a_member_without_snapshot() -> None:
    rules = [rule for rule in RULES if rule is not everyone_has_the_snapshot]
    state = explore(Guards(rules=rules))
    assert not isinstance(state, int)


def test_members_start_with_different_snapshots_without_rule_and_guard() -> None:
    rules = [rule for rule in RULES if rule is not everyone_has_the_snapshot]
    state = explore(Guards(rules=rules, own_snapshot=False))
    assert not isinstance(state, int)
