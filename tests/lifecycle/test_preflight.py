"""What the API would refuse is found before any change. A preview names the members that will be replaced."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from testbed.cluster import UP_LIMIT, requests, writes
from tests.lifecycle.live import Live


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"dropletSize": "s-64vcpu-1tb"}, "etcd:dropletSize is s-64vcpu-1tb"),
        ({"image": "debian-1-x64"}, "etcd:image is debian-1-x64"),
        (
            {"image": "debian-12-x64"},
            "etcd:image is debian-12-x64: it is Debian 12, and members need Debian 13",
        ),
        ({"sshKeys": ["512999"]}, "etcd:sshKeys is 512999: the DigitalOcean account has no such key"),
    ],
)
def test_what_the_api_would_refuse_is_refused_before_any_change(
    live: Live, control: httpx.Client, settings: dict[str, Any], reason: str
) -> None:
    control.delete("/requests")
    with live.configured(**settings):
        assert reason in live.fail()
        preview = live.run("pulumi", "preview", "--non-interactive", limit=UP_LIMIT)
    assert preview.returncode != 0
    assert reason in preview.stdout
    assert writes(control) == []


def test_a_run_that_makes_no_droplet_does_not_ask_the_catalogue(live: Live, control: httpx.Client) -> None:
    with live.configured(sshCidrs=["198.51.100.7/32"]):
        control.delete("/requests")
        live.up()
    live.up()
    asked = [seen["path"] for seen in requests(control)]
    assert asked
    assert not [path for path in asked if path.startswith(("/v2/regions", "/v2/sizes", "/v2/images"))]


def test_an_exhausted_droplet_limit_is_refused_before_any_change(live: Live, control: httpx.Client) -> None:
    before = live.droplets()
    control.put("/droplet-limit", json={"limit": 3}).raise_for_status()
    with live.configured(size=5):
        refusal = live.fail()
    control.put("/droplet-limit", json={"limit": 25}).raise_for_status()
    assert "the run would add 2 droplets, and the account has 3 of at most 3" in refusal
    assert live.droplets() == before
    live.up()


def test_a_preview_names_the_members_that_will_roll_in_their_order(live: Live, control: httpx.Client) -> None:
    control.delete("/requests")
    with live.configured(heartbeatMs=90):
        said = live.pulumi("preview")
    first, second, third = (said.index(name, said.index("one after the other:")) for name in live.names)
    assert first < second < third
    assert writes(control) == []
