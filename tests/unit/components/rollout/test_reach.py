"""What a run says when its machine reaches no member at all."""

from __future__ import annotations

from components.etcd.health import MemberStatus, NoStatus, out_of_reach
from components.rollout.gates import needed_to_reach
from tests.unit.components.config.valid_settings import settings

WELL = MemberStatus("c1", "m1", "m1", learner=False, healthy=True, reason="", voters=frozenset("a"), ids={})
DROPPED = NoStatus("https://10.10.0.2:2379: TimeoutError: no answer in time")
NO_ROUTE = NoStatus("https://10.10.0.2:2379: OSError: [Errno 101] Network is unreachable")


def test_members_are_out_of_reach_when_nothing_comes_back_from_any() -> None:
    assert out_of_reach({"a": DROPPED, "b": NO_ROUTE})
    assert not out_of_reach({"a": DROPPED, "b": WELL})
    assert not out_of_reach({"a": DROPPED, "b": NoStatus("Connection refused")})


def test_the_networks_are_named_that_this_machine_must_be_in() -> None:
    assert needed_to_reach(settings()).endswith("must be in etcd:clientCidrs, which is 198.51.100.0/24.")


def test_private_addresses_need_a_machine_inside_the_vpc() -> None:
    said = needed_to_reach(settings(addresses="private"))
    assert "in etcd:clientCidrs, which is 198.51.100.0/24. Besides, it must be inside the VPC" in said
