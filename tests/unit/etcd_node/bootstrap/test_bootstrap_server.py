"""The bootstrap endpoint: which decisions a member accepts."""

from __future__ import annotations

import pytest
from etcd_node.bootstrap.bootstrap_rules import BootstrapObservations, Decision, PeerState, Refusal, decide
from etcd_node.bootstrap.bootstrap_server import BootstrapEndpoint, parse_decision


def decision(endpoint: BootstrapEndpoint, **changed: str) -> Decision:
    return Decision(changed.get("token", "token"), {"m2": changed.get("instance", endpoint.report.instance)})


def test_a_decision_that_names_this_run_is_accepted_once() -> None:
    endpoint = BootstrapEndpoint("m2", "token", "m1")
    made = decision(endpoint)
    assert endpoint.accept(made, ["m1"])
    assert endpoint.wait_for_decision(0) == made
    assert endpoint.report.state is PeerState.DECIDED
    assert not endpoint.accept(made, ["m1"])
    assert not endpoint.withdraw()


@pytest.mark.parametrize("changed", [{"instance": "another run"}, {"token": "another cluster"}])
def test_a_decision_about_another_run_or_cluster_is_refused(changed: dict[str, str]) -> None:
    endpoint = BootstrapEndpoint("m2", "token", "m1")
    assert not endpoint.accept(decision(endpoint, **changed), ["m1"])


def test_only_the_deciding_member_can_send_a_decision() -> None:
    endpoint = BootstrapEndpoint("m2", "token", "m1")
    assert not endpoint.accept(decision(endpoint), ["m3", "localhost"])


def test_a_member_that_starts_to_rejoin_refuses_earlier_decisions() -> None:
    endpoint = BootstrapEndpoint("m2", "token", "m1")
    before = decision(endpoint)
    assert endpoint.withdraw()
    assert not endpoint.accept(before, ["m1"])


def test_a_member_whose_log_is_lost_joins_but_never_bootstraps() -> None:
    remains = BootstrapEndpoint("m2", "token", "m1", "remains")
    assert not remains.accept(decision(remains), ["m1"])
    assert remains.withdraw()
    reports = {"m1": BootstrapEndpoint("m1", "token", "m1").report, "m2": remains.report}
    outcome = decide(BootstrapObservations("token", ("m1", "m2"), first=reports, second=reports))
    assert outcome == Refusal("m2 has data without a log, so that data may be needed")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"token": 1, "instances": 2}'])
def test_a_request_without_a_decision_is_refused(body: bytes) -> None:
    assert parse_decision(body) is None
