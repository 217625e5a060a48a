"""An error of a run names a way out that the settings allow."""

from __future__ import annotations

import pytest

from components.rollout.messages import needed_to_reach, renewed, untouched
from tests.unit.components.config.valid_settings import settings

VOLUMES, BARE = settings(), settings(volumeSize=0)
ALL_AT_ONCE = "pulumi config set etcd:rollout all-at-once"


def test_with_data_volumes_all_members_may_be_replaced_at_once() -> None:
    assert ALL_AT_ONCE in untouched(VOLUMES)
    assert ALL_AT_ONCE in renewed(VOLUMES)
    assert settings(rollout="all-at-once")


@pytest.mark.parametrize(
    ("text", "way_out"),
    [
        (untouched(BARE), "pulumi destroy, and then pulumi up, with etcd:restoreFrom"),
        (renewed(BARE), "put these on the members by hand"),
    ],
)
def test_without_data_volumes_another_way_out_is_named(text: str, way_out: str) -> None:
    assert way_out in text
    assert "all-at-once" not in text


def test_without_data_volumes_all_at_once_is_rejected_with_a_way_out() -> None:
    with pytest.raises(
        ValueError, match="pulumi destroy, and then pulumi up, with etcd:restoreFrom if there is a"
    ):
        settings(volumeSize=0, rollout="all-at-once")


def test_the_networks_are_named_that_this_machine_must_be_in() -> None:
    assert needed_to_reach(settings()).endswith("must be in etcd:clientCidrs, which is 198.51.100.0/24.")


def test_private_addresses_need_a_machine_inside_the_vpc() -> None:
    text = needed_to_reach(settings(addresses="private"))
    assert "in etcd:clientCidrs, which is 198.51.100.0/24. It must also be inside the VPC" in text
