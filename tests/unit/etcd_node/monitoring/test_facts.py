"""The facts that say why etcd does not run, from stand-ins of systemd's commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from etcd_node.host.settings import Paths, Settings
from etcd_node.monitoring.exporter import node_metrics
from etcd_node.monitoring.facts import ERRORS, facts, words

SYSTEMCTL = """#!/bin/sh
echo ActiveState=activating; echo Result=success; echo NRestarts=0
echo
echo ActiveState=inactive; echo Result=exit-code; echo NRestarts=7
"""
JOURNALCTL = """#!/bin/sh
case "$*" in
*preparecluster*) echo "waiting for the data volume v: it does not exist";;
*) echo 'panic: two'; echo '{"level":"panic","msg":"one"}';;
esac
"""
SETTINGS = Settings(
    **{**dict.fromkeys(Settings.__dataclass_fields__, ""), "volume": "v", "recovered": False}  # type: ignore[arg-type]
)


RUNNING = """#!/bin/sh
echo ActiveState=inactive; echo Result=success; echo NRestarts=0
echo
echo ActiveState=active; echo Result=success; echo NRestarts=0
"""


def commands(folder: Path, monkeypatch: pytest.MonkeyPatch, **texts: str) -> None:
    for name, text in texts.items():
        program = folder / name
        program.write_text(text)
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_a_member_without_its_volume_says_what_it_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands(tmp_path, monkeypatch, systemctl=SYSTEMCTL, journalctl=JOURNALCTL)
    paths = Paths(tmp_path)
    paths.mount.mkdir(parents=True)
    found = facts(SETTINGS, paths)
    assert found["unit"] == {"preparecluster": "activating", "etcd": "inactive"}
    assert found["waiting"] == "waiting for the data volume v: it does not exist"
    assert found["volume"] == {"name": "v", "mounted": False}
    assert (found["etcd_exits"], found["etcd_result"]) == (7, "exit-code")
    assert found["etcd_last"] == ["panic: two", '{"level":"panic","msg":"one"}']


def test_no_journal_is_read_while_etcd_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands(tmp_path, monkeypatch, systemctl=RUNNING, journalctl=f"#!/bin/sh\ntouch {tmp_path}/read")
    found = facts(SETTINGS, Paths(tmp_path))
    assert (found["waiting"], found["etcd_last"], found["unit"]["etcd"]) == ("", [], "active")
    assert not (tmp_path / "read").exists()


def test_numbers_among_the_facts_become_metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands(tmp_path, monkeypatch, systemctl=SYSTEMCTL, journalctl=JOURNALCTL)
    paths = Paths(tmp_path)
    paths.data.mkdir(parents=True)
    samples = node_metrics(facts(SETTINGS, paths)).splitlines()
    assert {"etcd_node_etcd_exits 7", "etcd_node_etcd_active 0", "etcd_node_disk_read_only 0"} <= set(samples)
    assert not any("contents" in line for line in samples)


def test_a_systemd_that_does_not_answer_is_no_etcd_that_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands(tmp_path, monkeypatch, systemctl="#!/bin/sh\nexec sleep 5")
    monkeypatch.setattr("etcd_node.monitoring.facts.COMMAND_TIMEOUT", 0.1)
    paths = Paths(tmp_path)
    paths.data.mkdir(parents=True)
    samples = node_metrics(facts(SETTINGS, paths, journal=False))
    assert "etcd_node_disk_size_bytes" in samples
    assert "etcd_node_etcd_" not in samples


def test_a_flag_that_etcd_does_not_accept_is_among_its_last_words() -> None:
    line = '{"level":"warn","msg":"failed to verify flags","error":"min version is greater than max version"}'
    assert re.search(ERRORS, line)
    assert not re.search(ERRORS, '{"level":"warn","msg":"apply request took too long"}')


@pytest.mark.parametrize(("volume", "mounted", "value"), [("v", True, 1), ("v", False, 0), ("", False, 1)])
def test_a_missing_volume_is_a_metric(
    volume: str, value: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, mounted: bool
) -> None:
    commands(tmp_path, monkeypatch, systemctl=RUNNING)
    told = facts(SETTINGS, Paths(tmp_path)) | {"volume": {"name": volume, "mounted": mounted}}
    assert f"etcd_node_volume_mounted {value}" in node_metrics(told).splitlines()


def test_words_say_why_etcd_does_not_run() -> None:
    told = {
        "unit": {"etcd": "activating", "preparecluster": "inactive"},
        "waiting": "old",
        "etcd_result": "signal",
    }
    assert (
        words({**told, "etcd_last": ['{"level":"fatal","msg":"wal: crc mismatch"}']})
        == '"wal: crc mismatch"}'
    )
    assert words({**told, "etcd_last": ["panic: x"]}) == "panic: x"
    assert words({**told, "etcd_last": []}) == "signal"
    assert words({**told, "unit": {"etcd": "inactive", "preparecluster": "activating"}}) == "old"
    assert words({**told, "unit": {"etcd": "active", "preparecluster": "inactive"}}) == ""


def test_facts_are_told_where_neither_systemd_nor_a_disk_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = facts(SETTINGS, Paths(tmp_path))
    assert (found["waiting"], found["etcd_last"], found["etcd_exits"]) == ("", [], 0)
    assert "No such file" in found["disk"]["problem"]


def test_a_disk_is_described_by_size_space_and_contents(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    paths.data.mkdir(parents=True)
    disk = facts(SETTINGS, paths)["disk"]
    assert 0 < disk["free_bytes"] < disk["size_bytes"]
    assert (disk["read_only"], disk["contents"]) == (False, "no data")
