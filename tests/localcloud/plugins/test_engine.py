"""The real engine with the stand-in plugins and the local cloud's APIs, without machines."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from components.shared.aws_sigv4 import AccessKey
from localcloud.machines.object_store import CERTIFICATE
from localcloud.tokens import CLOUDFLARE_TOKEN, DIGITALOCEAN_TOKEN
from localcloud.toolchain.engine import ensure_engine
from tests.nodes.objects import BUCKET, KEY, ObjectServer

ROOT = Path(__file__).parents[3]
PROGRAM = Path(__file__).parent / "program"
BUCKET_PROGRAM = Path(__file__).parent / "bucket_program"
USER_DATA = "#cloud-config\n# nobody-else-may-see-this"
CONFIG = {
    "clients": "198.51.100.0/24",
    "earlyRenewalHours": "0",
    "size": "s-1vcpu-1gb",
    "userData": USER_DATA,
    "volumeSize": "1",
}

LISTINGS = {
    "droplets": "droplets",
    "volumes": "volumes",
    "firewalls": "firewalls",
    "vpcs": "vpcs",
    "ssh_keys": "account/keys",
}
"""The listings of the API that contain a stack's objects."""
DEFAULT_VPC = {"name": "default-fra1", "region": "fra1"}
"""A region's first VPC cannot be deleted."""


@dataclass
class Stack:
    """A stack of the program, and its API."""

    folder: Path
    environment: dict[str, str]
    droplets_url: str

    def pulumi(self, *arguments: str) -> str:
        command = ["pulumi", *arguments, "--stack", "dev", "--non-interactive", "--color", "never"]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def configure(self, **settings: str) -> None:
        for key, value in settings.items():
            self.pulumi(
                "config", "set", f"plugins:{key}", "--secret" if key == "userData" else "--plaintext", value
            )

    def up(self, *arguments: str) -> Counter[str]:
        """Run ``pulumi up``, and count its operations by kind and resource."""
        events = self.pulumi("up", "--yes", "--skip-preview", "--json", *arguments)
        return operations(events)

    def droplets(self) -> list[dict[str, Any]]:
        return self.api("droplets")["droplets"]

    def api(self, path: str, method: str = "GET", body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {DIGITALOCEAN_TOKEN}"}
        response = httpx.request(method, f"{self.droplets_url}/v2/{path}", headers=headers, json=body)
        response.raise_for_status()
        return response.json() if response.content else None


def operations(events: str) -> Counter[str]:
    """Count a run's operations by kind and resource. Unchanged resources are left out."""
    done: Counter[str] = Counter()
    for line in events.splitlines():
        event = json.loads(line).get("resOutputsEvent") if line.startswith("{") else None
        if event and event["metadata"]["op"] not in ("same", "refresh", "read"):
            done[f"{event['metadata']['op']} {event['metadata']['type'].rpartition(':')[2]}"] += 1
    return done


@pytest.fixture
def apis(tmp_path: Path) -> Iterator[dict[str, str]]:
    """URLs of the local cloud's services, by name."""
    (tmp_path / "releases").mkdir()
    command = [
        sys.executable,
        "-m",
        "localcloud.api",
        "--loopback",
        "--machines",
        "none",
        "--name",
        "plugins",
    ]
    command += ["--state", str(tmp_path / "state"), "--releases", str(tmp_path / "releases")]
    command += ["--control", str(tmp_path / "control.sock")]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        urls: dict[str, str] = {}
        seen: list[str] = []
        while not {"digitalocean", "cloudflare"} <= urls.keys():
            line = process.stderr.readline()
            assert line, "the API ended:\n" + "".join(seen)
            seen.append(line)
            if found := re.search(r"(\w+) listens on (http://127\.0\.0\.1:\d+)", line):
                urls[found[1]] = found[2]
        yield urls
        process.terminate()
        process.stderr.read()


@pytest.fixture
def stack(apis: dict[str, str], tmp_path: Path) -> Stack:
    """A new stack that can reach only the loopback interface."""
    folders = {name: tmp_path / name for name in ("commands", "home", "backend", "program")}
    for folder in folders.values():
        folder.mkdir()
    (folders["commands"] / "pulumi").symlink_to(ensure_engine())
    for command, module in {
        "pulumi-language-python": "language_host",
        **{f"pulumi-resource-{name}": name for name in ("digitalocean", "cloudflare", "tls")},
    }.items():
        shim = folders["commands"] / command
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m localcloud.plugins.{module} "$@"\n')
        shim.chmod(0o755)
    for file in PROGRAM.iterdir():
        if file.is_file():
            (folders["program"] / file.name).write_text(file.read_text())
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
    environment = kept | {
        "PATH": f"{folders['commands']}:{kept['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PULUMI_HOME": str(folders["home"]),
        "PULUMI_BACKEND_URL": f"file://{folders['backend']}",
        "PULUMI_CONFIG_PASSPHRASE": "passphrase",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
        "DIGITALOCEAN_TOKEN": DIGITALOCEAN_TOKEN,
        "DIGITALOCEAN_API_URL": apis["digitalocean"],
        "CLOUDFLARE_API_TOKEN": CLOUDFLARE_TOKEN,
        "CLOUDFLARE_BASE_URL": f"{apis['cloudflare']}/client/v4",
    }
    stack = Stack(folders["program"], environment, apis["digitalocean"])
    stack.pulumi("stack", "init")
    stack.configure(**CONFIG)
    return stack


def test_a_stack_is_previewed_created_changed_and_destroyed(stack: Stack) -> None:
    stack.api("vpcs", "POST", DEFAULT_VPC)
    planned = json.loads(stack.pulumi("preview", "--json"))["changeSummary"]
    created = stack.up()
    assert planned == {"create": created.total()}
    assert (
        created["create Droplet"] == created["create DnsRecord"] == created["create LocallySignedCert"] == 1
    )
    assert stack.up() == Counter()
    stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert USER_DATA not in stack.pulumi("stack", "export")

    stack.configure(clients="192.0.2.0/24", volumeSize="2", size="s-2vcpu-2gb")
    assert stack.up() == Counter({"update Firewall": 1, "update Volume": 1, "update Droplet": 1})

    stack.pulumi("destroy", "--yes", "--skip-preview")
    left = {kind: stack.api(path)[kind] for kind, path in LISTINGS.items()}
    assert [vpc["name"] for vpc in left.pop("vpcs")] == [DEFAULT_VPC["name"]]
    assert left == {kind: [] for kind in left}


def test_replacement_drift_and_renewal(stack: Stack) -> None:
    stack.up()
    (first,) = stack.droplets()

    stack.configure(userData=f"{USER_DATA} 2")
    replaced = stack.up()
    assert replaced["delete-replaced Droplet"] == replaced["create-replacement Droplet"] == 1
    assert replaced["update DnsRecord"] == 1
    (second,) = stack.droplets()
    assert second["id"] != first["id"]
    assert second["volume_ids"] == first["volume_ids"]

    stack.api(f"droplets/{second['id']}", "DELETE")
    assert stack.up("--refresh") == Counter({"create Droplet": 1, "update DnsRecord": 1})

    stack.configure(earlyRenewalHours="2")
    renewed = stack.up()
    assert (
        renewed["create-replacement LocallySignedCert"] == renewed["delete-replaced LocallySignedCert"] == 1
    )
    assert stack.up()["create-replacement LocallySignedCert"] == 1


def test_a_run_finishes_a_deletion_at_which_the_plugin_has_crashed(stack: Stack, tmp_path: Path) -> None:
    stack.api("vpcs", "POST", DEFAULT_VPC)
    stack.environment["DIGITALOCEAN_HTTP_RETRY_MAX"] = "1"
    stack.up()
    for kind, path in (("droplets", "droplets"), ("vpcs", "vpcs")):
        with lost_connection(tmp_path / "control.sock", "DELETE", f"^/v2/{path}/"):
            with pytest.raises(AssertionError) as failed:
                stack.pulumi("destroy", "--yes", "--skip-preview")
            assert "panic: runtime error: invalid memory address" in str(failed.value)
            assert stack.api(path)[kind], "nothing was deleted"
    stack.pulumi("destroy", "--yes", "--skip-preview")
    assert stack.droplets() == []
    assert [vpc["name"] for vpc in stack.api("vpcs")["vpcs"]] == [DEFAULT_VPC["name"]]


@contextmanager
def lost_connection(control: Path, method: str, path: str) -> Generator[None]:
    """Close the connections of these requests without an answer."""
    fault = {"service": "digitalocean", "kind": "drop", "method": method, "path": path}
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(control)), base_url="http://control") as client:
        client.put("/faults", json=[fault]).raise_for_status()
        yield
        client.delete("/faults").raise_for_status()


@pytest.fixture
def buckets(stack: Stack, tmp_path: Path) -> Iterator[ObjectServer]:
    """An S3 server that stands in for Spaces, for a stack that has nothing but its bucket for backups."""
    (tmp_path / "spaces").mkdir()
    server = ObjectServer(tmp_path / "spaces")
    stack.environment |= {
        "SPACES_ENDPOINT_URL": f"https://127.0.0.1:{server.port}",
        "SPACES_ACCESS_KEY_ID": KEY.id,
        "SPACES_SECRET_ACCESS_KEY": KEY.secret,
        "SSL_CERT_FILE": str(CERTIFICATE),
    }
    (stack.folder / "__main__.py").write_text((BUCKET_PROGRAM / "__main__.py").read_text())
    yield server
    server.stop()


def test_a_stack_takes_over_buckets_that_exist_and_deletes_none(stack: Stack, buckets: ObjectServer) -> None:
    kept = buckets.folder / BUCKET / "backup"
    kept.write_text("kept")
    stack.configure(bucket=BUCKET)
    assert json.loads(stack.pulumi("preview", "--json"))["changeSummary"] == {"create": 1, "import": 1}
    assert stack.up()["import SpacesBucket"] == 1
    assert stack.up() == Counter()

    stack.configure(bucket="another-one")
    assert stack.up()["create-replacement SpacesBucket"] == 1
    stack.configure(bucket=BUCKET)
    assert stack.up()["import-replacement SpacesBucket"] == 1
    assert stack.up() == Counter()

    stack.pulumi("destroy", "--yes", "--skip-preview")
    assert kept.read_text() == "kept"
    assert (buckets.folder / "another-one").is_dir()


def test_a_preview_refuses_a_bucket_that_the_keys_may_not_read(stack: Stack, buckets: ObjectServer) -> None:
    stranger = AccessKey("stranger", "stranger-secret")
    buckets.add_user(stranger, role="userplus")
    stack.configure(bucket=BUCKET)
    of_stranger = {"SPACES_ACCESS_KEY_ID": stranger.id, "SPACES_SECRET_ACCESS_KEY": stranger.secret}
    owners = {key: stack.environment[key] for key in of_stranger}
    stack.environment |= of_stranger
    with pytest.raises(AssertionError, match=f"etcd:backupBucket is {BUCKET}: Spaces refuses it to the keys"):
        stack.pulumi("preview")
    # Either way out that the error names.
    stack.configure(bucket="a-free-name")
    stack.pulumi("preview")
    stack.configure(bucket=BUCKET)
    stack.environment |= owners
    stack.pulumi("preview")
