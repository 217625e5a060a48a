"""A member whose data differs: etcd raises its alarm after a compaction, and a gate sees it before that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

import pytest

from components.etcd.admin import DataHash, MemberAdmin
from components.etcd.data_comparison import DifferentDataError, compare_data
from components.etcd.member_status import Observation, observe_members
from localcloud.toolchain.etcd import VERSIONS, ensure_release

from .certificates import tls_texts
from .lab import Lab, Node, eventually

CHECK_TIME = {VERSIONS[0]: "ETCD_EXPERIMENTAL_COMPACT_HASH_CHECK_TIME"}
"""For a version with another name, the variable that lets etcd check more often than once a minute."""


class Operator:
    """The program's view of the members."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._texts = tls_texts(nodes[0].paths.etc)
        self._context = self._texts.context()
        self._addresses = {node.name: node.name for node in nodes}

    async def observe(self) -> Mapping[str, Observation]:
        return await observe_members(self._addresses, self._addresses, self._context)

    async def data_hash(self, name: str, revision: int) -> DataHash:
        return await MemberAdmin(name, name, self._texts).data_hash(revision)

    async def compare(self) -> None:
        await compare_data(self, await self.observe(), purpose="Before a change", ending="", seconds=20)


def change_value(node: Node, old: bytes, new: bytes) -> None:
    """Change a value in a member's database file, as a failing disk or a software error may do."""
    node.power_off()
    file = node.paths.data / "member/snap/db"
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new))
    node.power_on()


@pytest.mark.parametrize("version", VERSIONS)
async def test_other_data_is_seen_by_gates_and_raises_the_alarm(lab: Lab, version: str) -> None:
    lab.binaries = ensure_release(version).binaries
    lab.environment = {CHECK_TIME.get(version, "ETCD_COMPACT_HASH_CHECK_TIME"): "2s"}
    nodes = lab.bootstrap(version=version)
    nodes[0].etcdctl("put", "colour", "blue")
    operator = Operator(nodes)
    await operator.compare()
    bad = next(node for node in nodes if not node.leads())
    good = [node for node in nodes if node is not bad]
    database = bad.paths.data / "member/snap/db"
    eventually("the value is in the database file", lambda: b"blue" in database.read_bytes())
    change_value(bad, b"blue", b"gold")
    lab.all_healthy(nodes)
    assert {node.get("colour") for node in good} == {"blue"}
    assert bad.get("colour") == "gold"
    with pytest.raises(DifferentDataError, match=rf"{bad.name} has other data than {good[0].name}"):
        await operator.compare()
    nodes[0].etcdctl("compact", str(nodes[0].status()["header"]["revision"]))
    eventually("etcd raises its alarm", lambda: "CORRUPT" in nodes[0].etcdctl("alarm", "list").stdout)
    deadline = time.monotonic() + 40
    while not all("CORRUPT" in status.problem for status in (await operator.observe()).values()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.3)
