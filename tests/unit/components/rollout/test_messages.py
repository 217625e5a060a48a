"""A refused run names a way out that the settings allow."""

from __future__ import annotations

import pytest

from components.rollout.messages import renewed, untouched
from tests.unit.components.config.valid_settings import settings

VOLUMES, BARE = settings(), settings(volumeSize=0)
ALL_AT_ONCE = "pulumi config set etcd:rollout all-at-once"


def test_with_data_volumes_all_members_may_be_replaced_at_once() -> None:
    assert ALL_AT_ONCE in untouched(VOLUMES)
    assert ALL_AT_ONCE in renewed(VOLUMES)
    assert settings(rollout="all-at-once")


@pytest.mark.parametrize(
    ("said", "way"),
    [
        (untouched(BARE), "pulumi destroy, and then pulumi up, with etcd:restoreFrom"),
        (renewed(BARE), "put these on the members by hand"),
    ],
)
def test_without_them_another_way_is_named(said: str, way: str) -> None:
    assert way in said
    assert "all-at-once" not in said


def test_without_them_all_at_once_is_refused_with_the_same_way() -> None:
    with pytest.raises(
        ValueError, match="pulumi destroy, and then pulumi up, with etcd:restoreFrom where there is a"
    ):
        settings(volumeSize=0, rollout="all-at-once")
