from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from etcd_node.bootstrap import restore
from etcd_node.host.settings import Settings

from bench import memory, upkeep
from bench.backups import BUMP, VALUE_BYTES, Measured, figures_of, writes_to_reach
from bench.engine import Run
from bench.errors import BenchError
from bench.etcdctl import Status, read_statuses
from bench.figures import Figure, beside, figures_table, write_figures
from bench.floor import Plan, render
from bench.load import figures as load_figures
from bench.memory import Memory, UnitPeak, sampling_unit
from bench.observer import Founding, Replacement, Sighting
from bench.replacement import PHASES, Timed, time_replacements
from bench.replacement import figures as replacement_figures
from bench.requests import Call, most_until_healthy, per_hour, scheduled_per_hour
from bench.stack_settings import with_settings
from bench.writing import Load, read_report
from localcloud.machines.cgroups import Cgroup
from localcloud.machines.layout import Layout
from localcloud.machines.machine import NspawnMachine

ADDRESSES = {"etcd-server-1.example.test": "203.0.113.13", "etcd-server-2.example.test": "203.0.113.14"}


def founding(*healthy: float) -> Founding:
    return Founding(
        tuple(
            Sighting(
                NspawnMachine(number, Layout("test")),
                f"etcd-server-{number}",
                (f"203.0.113.{number}", f"10.0.0.{number}"),
                booted=100.0 + number,
                healthy=moment,
            )
            for number, moment in enumerate(healthy, 1)
        )
    )


def listings(source: str, times: Sequence[float]) -> list[Call]:
    return [Call("digitalocean", source, time) for time in times]


def test_a_founding_lasts_from_the_first_boot_to_the_last_healthy_member() -> None:
    assert founding(104.0, 106.5).seconds == pytest.approx(5.5)


def test_a_figure_with_a_floor_is_judged_by_its_ratio() -> None:
    assert beside("boot", 2.6, 2.0, unit="s", limit=1.3).passed
    assert not beside("boot", 2.8, 2.0, unit="s", limit=1.3).passed


def test_a_figure_without_a_floor_is_judged_by_its_value() -> None:
    assert Figure("calls", 4, "calls", limit=4).passed
    assert not Figure("calls", 5, "calls", limit=4).passed
    assert Figure("memory", 300, "MiB").passed is None


def test_a_limit_of_a_throughput_is_a_least() -> None:
    assert beside("writes", 960, 1000, unit="writes/s", limit=0.95).passed
    assert not beside("writes", 940, 1000, unit="writes/s", limit=0.95).passed


def test_the_table_marks_a_figure_beyond_its_limit_either_way() -> None:
    table = figures_table(
        [
            beside("boot", 2.8, 2.0, unit="s", limit=1.3),
            beside("writes", 940, 1000, unit="writes/s", limit=0.95),
            Figure("calls", 4, "calls", limit=4),
        ]
    )
    assert list(table.columns[4].cells) == ["≤ 1.3", "≥ 0.95", "≤ 4"]
    assert list(table.columns[5].cells) == ["[red]over[/]", "[red]under[/]", "[green]pass[/]"]


def test_the_file_has_every_field_of_a_figure(tmp_path: Path) -> None:
    write_figures([Figure("memory", 300, "MiB")], tmp_path / "latest.json")
    assert yaml.safe_load((tmp_path / "latest.json").read_text()) == [
        {"name": "memory", "value": 300, "unit": "MiB", "floor": None, "ratio": None, "limit": None}
    ]


def test_calls_until_healthy_are_those_of_the_member_that_made_the_most() -> None:
    seen = (
        listings("203.0.113.1", [102, 103])
        + listings("10.0.0.2", [103])
        + listings("198.51.100.10", [101] * 9)
    )
    assert most_until_healthy(seen, founding(104, 105)) == 2


def test_calls_of_other_services_and_after_the_founding_are_not_those_until_healthy() -> None:
    seen = [Call("releases", "203.0.113.1", 102), *listings("203.0.113.1", [200])]
    assert most_until_healthy(seen, founding(104, 105)) == 0


def test_calls_per_hour_are_an_average_member_s() -> None:
    seen = listings("203.0.113.1", [102, 110, 120]) + listings("203.0.113.2", [130, 140, 150])
    assert per_hour(seen, founding(104, 105), until=165) == pytest.approx(2.5 * 60)


def test_the_schedule_is_the_members_own() -> None:
    assert scheduled_per_hour() == 6


def test_the_floor_is_a_cloud_config_with_every_name_and_address_in_it() -> None:
    certificates = {file: f"{file} of it" for file in ("ca", "server", "server_key", "peer", "peer_key")}
    plan = Plan(dict.fromkeys(ADDRESSES, certificates), {}, 10, "http://releases.test/etcd.tar.gz")
    document = yaml.safe_load(render(plan, "etcd-server-2.example.test", ADDRESSES))
    files = {file["path"]: file["content"] for file in document["write_files"]}
    assert "ETCD_NAME=etcd-server-2.example.test\n" in files["/etc/etcd/etcd.env"]
    for name, address in ADDRESSES.items():
        assert f"{name}=https://{name}:2380" in files["/etc/etcd/etcd.env"]
        assert f"{address} {name}" in files["/root/found.sh"]


REPORT = """
Summary:
  Total:\t6.2462 secs.
  Average:\t0.0618 secs.
  Requests/sec:\t1600.9780

Latency distribution:
  95% in 0.1430 secs.
  99% in 0.1881 secs.
  99.9% in 0.2778 secs.
"""


def test_throughput_and_latency_are_read_from_the_report() -> None:
    load = read_report(REPORT)
    assert (load.throughput, load.p99) == (1600.978, pytest.approx(188.1))


FAILED = "\nError distribution:\n  [3]\tcontext deadline exceeded\n  [2]\tetcdserver: request timed out\n"


def test_a_load_in_which_a_write_failed_is_no_measurement() -> None:
    with pytest.raises(BenchError, match="context deadline exceeded"):
        read_report(REPORT + FAILED)


def test_writes_that_may_fail_are_counted() -> None:
    assert read_report(REPORT + FAILED, may_fail=True).failed == 5
    assert read_report(REPORT, may_fail=True).failed == 0


def test_a_report_without_figures_is_no_measurement() -> None:
    with pytest.raises(BenchError, match="no such host"):
        read_report("no such host")


def test_loads_are_compared_by_their_medians() -> None:
    ours = [Load(950, 20), Load(1000, 22), Load(10, 900)]
    theirs = [Load(1000, 20), Load(1000, 20), Load(3000, 1)]
    throughput, latency, *loopback = load_figures(ours, theirs, [Load(4000, 10)])
    assert (throughput.value, throughput.floor, throughput.ratio) == (950, 1000, 0.95)
    assert (latency.value, latency.floor, latency.ratio) == (22, 20, 1.1)
    assert throughput.passed
    assert not latency.passed
    assert [(figure.value, figure.passed) for figure in loopback] == [(4000, None), (10, None)]


def timed(*seconds: float) -> Timed:
    return Timed(dict(zip(PHASES, seconds, strict=True)))


def rebooted(shutdown: float, boot: float, discovery: float, etcd: float) -> Timed:
    return Timed({PHASES[0]: shutdown, PHASES[3]: boot, PHASES[4]: discovery, PHASES[5]: etcd})


def test_a_replacement_is_judged_by_the_reboot_s_median_and_its_phases_add_up() -> None:
    replaced = [timed(9, 9, 9, 9, 9, 9, 9), timed(1, 0.5, 0.5, 2, 1, 1, 1), timed(0, 0, 0, 1, 0, 0, 0)]
    floors = [rebooted(1, 1, 1, 1), rebooted(1, 2, 1, 1), rebooted(9, 9, 9, 9)]
    whole, *phases = replacement_figures(replaced, floors)
    assert (whole.value, whole.floor, whole.ratio) == (7, 5, 1.4)
    assert sum(phase.value for phase in phases) == whole.value
    assert [phase.floor for phase in phases] == [1, None, None, 2, 1, 1, None]


def replacement(old: int, off: float, booted: float, healthy: float) -> Replacement:
    machine = NspawnMachine(old + 10, Layout("test"))
    return Replacement(old, off, Sighting(machine, f"etcd-server-{old}", ("203.0.113.9",), booted, healthy))


def posts(*moments: tuple[float, str]) -> list[Call]:
    return [Call("digitalocean", "203.0.113.1", time, "POST", path) for time, path in moments]


def test_a_replacement_lasts_from_its_shutdown_to_the_next_one_s_or_the_end() -> None:
    seen = [
        replacement(1, off=102, booted=104, healthy=109),
        replacement(2, off=113, booted=115, healthy=118),
    ]
    requests = posts(
        (90, "/v2/droplets"),
        (101, "/v2/droplets/1/actions"),
        (103, "/v2/droplets"),
        (110, "/v2/droplets/2/actions"),
        (114, "/v2/droplets"),
    )
    first, last = time_replacements(
        Run(100, 120), seen, requests, lambda new: (new.booted + 1, new.booted + 2)
    )
    assert list(first.phases.values()) == [1, 1, 1, 1, 1, 3, 1]
    assert list(last.phases.values()) == [3, 1, 1, 1, 1, 1, 2]
    assert (first.seconds, last.seconds) == (9, 10)


def test_a_replacement_without_a_request_for_its_shutdown_is_no_measurement() -> None:
    seen = [replacement(1, off=102, booted=104, healthy=109)]
    with pytest.raises(BenchError, match="/v2/droplets/1/actions"):
        time_replacements(Run(100, 120), seen, posts((103, "/v2/droplets")), lambda new: (105, 106))


def test_other_settings_leave_the_committed_file_as_it_is(tmp_path: Path) -> None:
    committed = tmp_path / "Pulumi.local.yaml"
    committed.write_text("config:\n  etcd:zone: example.test\nencryptionsalt: v1:x\n")
    before = committed.read_text()
    file = with_settings(committed, tmp_path, size=5)
    assert yaml.safe_load(file.read_text()) == {
        "config": {"etcd:zone": "example.test", "etcd:size": 5},
        "encryptionsalt": "v1:x",
    }
    assert committed.read_text() == before


def test_a_backup_and_a_restore_are_told_with_both_kinds_of_memory() -> None:
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


def test_a_database_grows_by_what_it_lacks() -> None:
    writes = writes_to_reach(100 << 20, 36 << 20, 17)
    assert (writes.total, writes.value_bytes, writes.key_bytes) == (1024, VALUE_BYTES, 17)


def test_what_fills_a_database_does_not_compress() -> None:
    written = os.urandom(VALUE_BYTES) * 20
    assert len(gzip.compress(written, 3)) > len(written)


def test_what_a_restore_must_raise_is_what_the_program_raises() -> None:
    assert restore.REVISION_BUMP == BUMP


def test_the_memory_of_a_local_cloud_is_that_of_all_that_it_runs_and_of_no_command_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "PERIOD", 0.02)
    for group in ("machines/7", "api", "dnsmasq", "object-store", "plugins", "commands"):
        (tmp_path / group).mkdir(parents=True)
        (tmp_path / group / "cgroup.procs").write_text(f"{os.getpid()}\n")
    with Memory(tmp_path).sampling() as peak:
        time.sleep(0.2)
    sample = peak.sample
    own = sample.machines
    assert own > 10 << 20
    assert sample.services == pytest.approx(3 * own, rel=0.1)
    assert sample.providers == pytest.approx(own, rel=0.1)
    assert sample.total == sample.machines + sample.services + sample.providers


def test_the_memory_of_a_unit_is_that_of_its_processes(tmp_path: Path) -> None:
    (tmp_path / "cgroup.procs").write_text(f"{os.getpid()}\n")
    with sampling_unit(Cgroup(tmp_path)) as before:
        time.sleep(0.2)
    with sampling_unit(Cgroup(tmp_path)) as peak:
        taken = b"x" * (64 << 20)
        time.sleep(0.2)
    assert len(taken) * 0.9 < peak.own - before.own < len(taken) * 1.1
    assert peak.resident > peak.own


def test_a_unit_that_does_not_run_takes_no_memory(tmp_path: Path) -> None:
    with sampling_unit(Cgroup(tmp_path / "gone")) as peak:
        time.sleep(0.1)
    assert (peak.own, peak.resident) == (0, 0)


def test_members_are_known_by_name_and_the_leader_by_its_id() -> None:
    text = json.dumps(
        [
            {
                "Endpoint": f"https://etcd-server-{number}.example.test:2379",
                "Status": {
                    "header": {"member_id": number, "revision": 7},
                    "leader": 1,
                    "dbSize": 300,
                    "dbSizeInUse": 100,
                },
            }
            for number in (2, 1)
        ]
    )
    first, second = read_statuses(text)
    assert first == Status("https://etcd-server-1.example.test:2379", True, 7, 300, 100)
    assert (first.name, second.name) == ("etcd-server-1.example.test", "etcd-server-2.example.test")
    assert not second.leads


def database(mib: int, in_use: int) -> Status:
    return Status("https://etcd-server-1.example.test:2379", False, 1, mib << 20, in_use << 20)


def test_a_member_is_fragmented_by_the_program_s_own_limits() -> None:
    assert Settings.defragment_bytes == upkeep.WORTH_IT
    assert Settings.defragment_percent == 50
    assert upkeep.fragmented(database(200, in_use=100))
    assert not upkeep.fragmented(database(199, in_use=100))
    assert not upkeep.fragmented(database(100, in_use=1))


def test_a_load_lasts_as_long_as_what_is_beside_it_and_never_too_short() -> None:
    assert upkeep.writes_in(12) == 12 * upkeep.RATE
    assert upkeep.writes_in(0.1) == upkeep.LEAST_SECONDS * upkeep.RATE


def test_latencies_beside_something_are_ratios_of_medians_and_failures_are_added_up() -> None:
    nothing = [Load(500, 9), Load(500, 10), Load(500, 90)]
    beside_it = [Load(500, 100, 1), Load(500, 300, 2)]
    backup, _, defragment, failed = upkeep.figures(nothing, [Load(500, 30)], beside_it)
    assert (backup.value, backup.floor, backup.ratio, backup.limit) == (30, 10, 3, None)
    assert (defragment.value, defragment.floor, defragment.ratio) == (200, 10, 20)
    assert (failed.value, failed.floor) == (3, 0)
    assert backup.passed is None
