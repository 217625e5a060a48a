"""Figures of backups and restores, and the database that they use."""

from __future__ import annotations

import gzip
import os

from etcd_node.bootstrap import restore

from bench.backups import BUMP, VALUE_BYTES, Measured, figures_of, writes_to_reach
from bench.memory import UnitPeak


def test_backups_and_restores_have_a_time_and_two_kinds_of_memory() -> None:
    backup, restored = (
        Measured(1.5, UnitPeak(20 << 20, 60 << 20)),
        Measured(2.5, UnitPeak(30 << 20, 90 << 20)),
    )
    figures = figures_of(10, backup, restored)
    assert [(figure.value, figure.unit) for figure in figures] == [
        *((1.5, "s"), (20, "MiB"), (60, "MiB")),
        *((2.5, "s"), (30, "MiB"), (90, "MiB")),
    ]
    assert [figure.name for figure in figures if figure.unit == "s"] == [
        "backup of a database of 10 MiB",
        "restore of a database of 10 MiB",
    ]


def test_a_database_grows_to_the_wanted_size() -> None:
    writes = writes_to_reach(100 << 20, 36 << 20, 17)
    assert (writes.total, writes.value_bytes, writes.key_bytes) == (1024, VALUE_BYTES, 17)


def test_the_values_of_a_database_do_not_compress() -> None:
    written = os.urandom(VALUE_BYTES) * 20
    assert len(gzip.compress(written, 3)) > len(written)


def test_the_expected_revision_bump_is_that_of_the_node_package() -> None:
    assert restore.REVISION_BUMP == BUMP
