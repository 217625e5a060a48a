"""A run whose state is not that of the account's cluster changes nothing, and the documented remedies heal."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx

from localcloud.addresses import CLOUDFLARE_URL
from localcloud.api.accounts import FIRST
from localcloud.tokens import CLOUDFLARE_TOKEN
from testbed.cluster import UP_LIMIT, writes
from tests.lifecycle.live import Live


def test_a_renamed_stack_is_refused_until_it_has_its_old_name_back(live: Live, control: httpx.Client) -> None:
    stray = f"etcd-etcd-{live.stack}-size-9"
    live.digitalocean("POST", "/v2/tags", {"name": stray})
    with live.case("stack renamed", planned=False):
        live.pulumi("stack", "rename", "other")
        control.delete("/requests")
        for run in (("preview",), ("up", "--yes", "--skip-preview")):
            refused = on_stack(live, "other", *run)
            assert refused.returncode != 0
            assert f"holds the cluster etcd-etcd-{live.stack}" in refused.stdout
            assert f"pulumi stack rename {live.stack}." in refused.stdout
        assert writes(control) == []
        assert on_stack(live, "other", "stack", "rename", live.stack).returncode == 0
        healed = live.up()
    assert f"deleted the tag {stray}, which was in no state" in healed
    live.up("--expect-no-changes")


def test_a_lost_state_is_refused_until_a_kept_export_is_imported(
    live: Live, control: httpx.Client, tmp_path: Path
) -> None:
    kept = str(tmp_path / "export.json")
    with live.case("state lost", planned=False):
        live.pulumi("stack", "export", "--file", kept)
        live.pulumi("stack", "rm", "--yes", "--force", "--preserve-config", live.stack)
        control.delete("/requests")
        for run in (("preview",), ("up", "--yes", "--skip-preview")):
            refused = on_stack(live, live.stack, *run)
            assert refused.returncode != 0
            assert (
                f"the state of stack {live.stack} does not know it. If the state was lost" in refused.stdout
            )
        live.destroy()
        assert writes(control) == []
        live.pulumi("stack", "import", "--file", kept)
        live.up("--expect-no-changes")


def test_an_existing_record_with_the_wanted_content_is_kept(live: Live) -> None:
    before = record(live, 2)
    with live.case("record made by hand", planned=False):
        urn = live.resource(f"cloudflare:index/dnsRecord:DnsRecord::etcd-etcd-{live.stack}-2")
        live.pulumi("state", "delete", "--yes", "--target-dependents", urn)
        cloudflare(live, "PATCH", f"/{before['id']}", '{"comment": "by hand", "ttl": 300}')
        live.up()
    kept = record(live, 2)
    assert {key: kept[key] for key in ("id", "content", "comment", "ttl")} == {
        key: before[key] for key in ("id", "content", "comment", "ttl")
    }
    live.up("--expect-no-changes")


def on_stack(live: Live, stack: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Pulumi on a stack, whether it fails or not."""
    command = ("env", f"PULUMI_STACK={stack}", "pulumi", *arguments, "--non-interactive")
    return live.run(*command, limit=UP_LIMIT)


def record(live: Live, number: int) -> dict[str, Any]:
    """A member's record as Cloudflare's API shows it."""
    (found,) = cloudflare(live, "GET", f"?name={live.name(number)}")
    return found


def cloudflare(live: Live, method: str, path: str, body: str = "") -> Any:
    """The result of a request for the zone's records."""
    answer = live.run(
        *("curl", "--silent", "--show-error", "--fail-with-body", "-X", method, "-d", body),
        *("-H", "Content-Type: application/json", "-H", f"Authorization: Bearer {CLOUDFLARE_TOKEN}"),
        f"{CLOUDFLARE_URL}/zones/{FIRST.zone_id}/dns_records{path}",
    )
    return json.loads(answer.stdout)["result"]
