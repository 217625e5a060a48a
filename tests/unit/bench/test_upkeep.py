"""Loads beside a backup and beside defragmentation."""

from __future__ import annotations

from etcd_node.host.settings import Settings

from bench import upkeep
from bench.etcdctl import Status
from bench.writing import Load


def database(mib: int, in_use: int) -> Status:
    return Status("https://etcd-server-1.example.test:2379", False, 1, mib << 20, in_use << 20)


def test_fragmentation_is_judged_by_the_limits_of_the_node_package() -> None:
    assert Settings.defragment_bytes == upkeep.LEAST_FREE
    assert Settings.defragment_percent == 50
    assert upkeep.fragmented(database(200, in_use=100))
    assert not upkeep.fragmented(database(199, in_use=100))
    assert not upkeep.fragmented(database(100, in_use=1))


def test_a_load_lasts_as_long_as_the_work_beside_it() -> None:
    assert upkeep.writes_in(12) == 12 * upkeep.RATE
    assert upkeep.writes_in(0.1) == upkeep.LEAST_SECONDS * upkeep.RATE


def test_latencies_are_compared_by_medians_and_failures_are_summed() -> None:
    nothing = [Load(500, 9), Load(500, 10), Load(500, 90)]
    beside_it = [Load(500, 100, 1), Load(500, 300, 2)]
    backup, _, defragment, failed = upkeep.figures(nothing, [Load(500, 30)], beside_it)
    assert (backup.value, backup.floor, backup.ratio, backup.limit) == (30, 10, 3, None)
    assert (defragment.value, defragment.floor, defragment.ratio) == (200, 10, 20)
    assert (failed.value, failed.floor) == (3, 0)
    assert backup.passed is None
