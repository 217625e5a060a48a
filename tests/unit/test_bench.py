from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from bench.figures import Figure, beside, write_figures
from bench.floor import Plan, render
from bench.observer import Founding, Sighting
from bench.requests import Call, most_until_healthy, per_hour, scheduled_per_hour
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
