"""A run warns of a firewall that keeps its own machine out, by the address that members saw."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pulumi
import pytest

from components.etcd.node_report import NodeReport
from components.rollout.lockout import warn_of_lockout
from tests.unit.components.config.valid_settings import settings


class Members:
    """Members that were reached from an address, by an operator whose certificate may be unknown."""

    def __init__(self, seen_from: str, *, known: bool = True, silent: Collection[str] = ()) -> None:
        self._report = NodeReport("inactive", "active", seen_from=seen_from)
        self._known = known
        self._silent = silent
        self.asked: list[str] = []

    async def credentials_known(self) -> bool:
        return self._known

    async def reports(self, names: Collection[str]) -> Mapping[str, NodeReport]:
        assert self._known
        self.asked += names
        return dict.fromkeys([name for name in names if name not in self._silent], self._report)


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", found.append)
    return found


async def test_one_warning_names_the_address_that_is_locked_out(warnings: list[str]) -> None:
    await warn_of_lockout(settings(), Members("192.0.2.7"), ["a", "b"])
    (warning,) = warnings
    assert "pulumi config set --path 'etcd:clientCidrs[1]' 192.0.2.7/32" in warning


async def test_one_member_is_asked_and_the_others_if_it_does_not_tell(warnings: list[str]) -> None:
    telling, silent = Members("192.0.2.7"), Members("192.0.2.7", silent=["a"])
    for members in (telling, silent):
        await warn_of_lockout(settings(), members, ["c", "a", "b"])
    assert len(warnings) == 2
    assert (telling.asked, silent.asked) == (["a"], ["a", "b", "c"])


@pytest.mark.parametrize(
    ("members", "existing"),
    [
        (Members("198.51.100.7"), ["a"]),
        (Members(""), ["a"]),
        (Members("192.0.2.7", known=False), ["a"]),
        (Members("192.0.2.7"), []),
    ],
    ids=["let in", "not told", "no certificate yet", "no member yet"],
)
async def test_nothing_is_said_without_proof(
    warnings: list[str], members: Members, existing: list[str]
) -> None:
    await warn_of_lockout(settings(), members, existing)
    assert warnings == []
