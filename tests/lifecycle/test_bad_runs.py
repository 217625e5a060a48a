"""A change that would break every member stops at the first one. Two runs never work on one stack."""

from __future__ import annotations

import shutil
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from localcloud.checkout import CHECKOUT
from localcloud.tokens import SECOND_DIGITALOCEAN_TOKEN
from testbed.changes import one_member
from testbed.cluster import PROGRAM, writes
from testbed.update import Update
from tests.lifecycle.live import Live
from tests.lifecycle.repairs import replaces

DISCOVERY, PROVIDER = "etcd:discoveryToken", "digitalocean:token"
PATIENCE = 20
"""Seconds that a run waits for a member's health: a healthy one has come back before, on a busy machine as well."""


@pytest.mark.parametrize(
    ("keys", "refusal"),
    [
        ([DISCOVERY], f"{DISCOVERY} does not list droplet {{}}"),
        ([PROVIDER], f"{PROVIDER} does not list droplet {{}}"),
        ([DISCOVERY, PROVIDER], "this stack has a cluster, and the account"),
    ],
    ids=["discovery", "provider", "both"],
)
def test_a_token_of_another_team_is_refused_and_nothing_touched(
    live: Live, control: httpx.Client, keys: list[str], refusal: str
) -> None:
    before = live.droplets()
    saved = live.folder / "state.json"
    live.pulumi("stack", "export", "--file", str(saved))
    control.delete("/requests")
    with other_values(live, dict.fromkeys(keys, SECOND_DIGITALOCEAN_TOKEN)):
        assert refusal.format(live.name(1)) in live.run("pulumi", "preview", "--non-interactive").stdout
        assert refusal.format(live.name(1)) in live.fail()
    assert writes(control) == []
    if PROVIDER in keys:
        # Without a preview, the engine's refresh has emptied the state before the program could refuse.
        live.pulumi("stack", "import", "--file", str(saved))
    live.up("--expect-no-changes")
    assert live.droplets() == before


@contextmanager
def other_values(live: Live, values: Mapping[str, str]) -> Generator[None]:
    """Other values of any keys of the stack's file for the length of a block."""
    file = live.folder / f"Pulumi.{live.stack}.yaml"
    before = file.read_text(encoding="utf-8")
    document = yaml.safe_load(before)
    document["config"] |= values
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(before, encoding="utf-8")


def test_the_second_of_two_runs_is_refused_by_the_lock_of_the_first(live: Live) -> None:
    with live.case("two runs at once"):
        first = Update(live, *one_member(live, 2))
        first.begins_one_of("delete-replaced", {f"etcd-etcd-{live.stack}-2"})
        assert "the stack is currently locked by 1 lock(s)" in live.fail()
        first.finish()


def test_a_planned_change_is_refused_and_a_repair_works_without_cloudflare(
    live: Live, control: httpx.Client
) -> None:
    before, member = live.droplets(), live.name(2)
    recorded = live.cloud.status().records[member]
    with live.case("Cloudflare away", planned=False):
        no_zone = {"service": "cloudflare", "kind": "status", "status": 500, "path": "/zones$"}
        control.put("/faults", json=[no_zone]).raise_for_status()
        with live.configured(heartbeatMs=90):
            refusal = live.fail()
        assert live.droplets() == before
        assert "cloudflare:apiToken" in refusal
        assert "Traceback" not in refusal
        control.put("/faults", json=[{"service": "cloudflare", "kind": "down"}]).raise_for_status()
        with replaces(live, 2):
            live.up("--target-replace", live.urn(2))
        with live.configured(sshCidrs=["198.51.100.77/32"]):
            live.up("--exclude", "**cloudflare:index/dnsRecord:DnsRecord**")
            assert "198.51.100.77/32" in str(live.digitalocean("GET", "/v2/firewalls"))
        assert live.cloud.status().records[member] == recorded
        control.delete("/faults")
        live.up()
    assert live.cloud.status().records[member] == (live.members()[member],)


def test_a_target_without_its_record_is_refused_by_a_preview(live: Live) -> None:
    refusal = live.run("pulumi", "preview", "--non-interactive", "--target-replace", live.urn(2)).stdout
    assert f"the DNS record of {live.name(2)} would stay at {live.members()[live.name(2)]}" in refusal


def test_a_setting_that_no_member_can_start_with_stops_at_the_first(live: Live) -> None:
    before = live.droplets()
    with live.case("a wrong checksum", planned=False):
        with live.configured(releaseSha256="0" * 64, healthTimeoutSeconds=PATIENCE):
            broken = stops_at_the_first(live, before)
        live.up()
        assert broken not in (before[live.name(1)], live.droplets()[live.name(1)])


def test_a_first_boot_that_fails_stops_at_the_first(live: Live) -> None:
    before = live.droplets()
    with live.case("a first boot that fails", planned=False):
        with first_boot_that_fails(live.folder), live.configured(healthTimeoutSeconds=PATIENCE):
            stops_at_the_first(live, before)
        live.up()


def test_a_droplet_that_never_becomes_active_is_abandoned_and_recreated(
    live: Live, control: httpx.Client
) -> None:
    with live.case("a droplet that never becomes active", planned=False):
        control.put("/droplet-creation", json={"paused": True}).raise_for_status()
        update = Update(live, *one_member(live, 2))
        update.begins_one_of("create-replacement", {f"Droplet::etcd-etcd-{live.stack}-2"})
        time.sleep(1)  # Enough time for the requests.
        update.interrupt()
        control.put("/droplet-creation", json={"paused": False}).raise_for_status()
        live.up()


def stops_at_the_first(live: Live, before: dict[str, int]) -> int:
    """Assert that a run fails at the first member and touches no other. Return the first member's new droplet."""
    assert f"Before {live.name(2)} may change" in live.fail()
    after = live.droplets()
    for number in (2, 3):
        assert after[live.name(number)] == before[live.name(number)]
    return after[live.name(1)]


@contextmanager
def first_boot_that_fails(folder: Path) -> Generator[None]:
    """Use a copy of the program whose droplets do nothing at their first boot."""
    parts = ("components", "cloud-init")
    for part in parts:
        (folder / part).unlink()
        shutil.copytree(CHECKOUT / part, folder / part)
    (folder / "cloud-init/first-boot").write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
    try:
        yield
    finally:
        for part in parts:
            shutil.rmtree(folder / part)
            (folder / part).symlink_to(CHECKOUT / part)
    assert all((folder / part).exists() for part in PROGRAM)
