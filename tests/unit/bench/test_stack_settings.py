"""Copies of a stack's configuration."""

from __future__ import annotations

from pathlib import Path

import yaml

from bench.stack_settings import with_settings


def test_other_settings_do_not_change_the_committed_file(tmp_path: Path) -> None:
    committed = tmp_path / "Pulumi.local.yaml"
    committed.write_text("config:\n  etcd:zone: example.test\nencryptionsalt: v1:x\n")
    before = committed.read_text()
    file = with_settings(committed, tmp_path, size=5)
    assert yaml.safe_load(file.read_text()) == {
        "config": {"etcd:zone": "example.test", "etcd:size": 5},
        "encryptionsalt": "v1:x",
    }
    assert committed.read_text() == before
