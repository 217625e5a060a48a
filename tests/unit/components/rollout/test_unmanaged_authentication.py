"""A run ends before it changes a member that tells nothing because of somebody else's authentication."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from components.etcd.member_status import AUTHENTICATION, Observation
from components.rollout.unmanaged_authentication import (
    UnmanagedAuthenticationError,
    refuse_unmanaged_authentication,
)
from tests.unit.components.changes.member_statuses import running
from tests.unit.components.config.valid_settings import settings

HEALTHY = running("3.6.14")
SILENT = replace(HEALTHY, problem=AUTHENTICATION)


class Members:
    """Members of which each tells its state or not, to a program whose certificate may be unknown."""

    def __init__(self, *, known: bool = True, **observations: Observation) -> None:
        self._observations = observations
        self._known = known

    async def credentials_known(self) -> bool:
        return self._known

    async def observe(self) -> Mapping[str, Observation]:
        assert self._known
        return self._observations


@pytest.mark.parametrize("members", [Members(a=SILENT), Members(a=SILENT, b=SILENT, c=HEALTHY)])
async def test_the_error_names_the_members_and_the_way_out(members: Members) -> None:
    with pytest.raises(UnmanagedAuthenticationError) as error:
        await refuse_unmanaged_authentication(settings(), members, ["a"])
    assert str(error.value).startswith("a")
    assert "etcdctl --user root auth disable" in str(error.value)
    assert str(error.value).endswith("No member was changed")


@pytest.mark.parametrize(
    ("members", "existing", "auth"),
    [
        (Members(a=HEALTHY), ["a"], None),
        (Members(a=SILENT), [], None),
        (Members(a=SILENT, known=False), ["a"], None),
        (Members(a=SILENT), ["a"], False),
        (Members(a=SILENT), ["a"], True),
    ],
    ids=["told", "no member yet", "no certificate yet", "switched off by this run", "managed"],
)
async def test_a_run_goes_on_otherwise(members: Members, existing: list[str], auth: bool | None) -> None:
    await refuse_unmanaged_authentication(settings(auth=auth), members, existing)
