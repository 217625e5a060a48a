"""A stack of the program in a local cloud, driven as a user drives it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import yaml

from localcloud.addresses import DIGITALOCEAN_URL
from localcloud.checkout import CHECKOUT
from localcloud.cli.main import BACKUP_NOW
from localcloud.cloud import LocalCloud
from localcloud.machines.client_choice import CLIENT
from localcloud.machines.files import replace
from localcloud.tokens import DIGITALOCEAN_TOKEN
from localcloud.toolchain.etcd import ensure_release
from testbed.errors import TestbedError

T = TypeVar("T")

PROGRAM = ("__main__.py", "components", "cloud-init", "Pulumi.yaml")
FILES = {"ETCDCTL_CACERT": "ca.pem", "ETCDCTL_CERT": "client.pem", "ETCDCTL_KEY": "client-key.pem"}
WITHOUT_BACKUPS = dict.fromkeys(
    f"backup{key}" for key in ("Bucket", "Endpoint", "Region", "AccessKey", "SecretKey", "CaCertificate")
)
"""The configuration that turns backups off, so that no upgrade and no destroy waits for one."""

ETCDCTL_WITHOUT_WARNINGS = 'exec 3>&1; said=$(etcdctl "$@" 2>&1 >&3) || { echo "$said"; exit 1; }'
"""A shell command that prints what etcdctl writes to its standard error only if it fails."""

BACKUP_ENDED = 'while [ "$(systemctl show -P ActiveState etcd-backup)" = activating ]; do sleep 0.2; done'
"""A shell command that waits for a backup that goes on: a start of the service would only join it."""

UP_LIMIT = 600
"""Seconds after which a command that never ends is killed. A rolling change on a busy machine took 240."""
PATIENCE = 90


class Cluster:
    """One stack in its own project folder, which links to a program, by default the checkout's."""

    def __init__(self, cloud: LocalCloud, folder: Path, stack: str = "local", **config: Any) -> None:
        self.cloud = cloud
        self.folder = folder
        self.stack = stack
        self.use_program(CHECKOUT)
        (folder / ".venv").symlink_to(CHECKOUT / ".venv")
        local = yaml.safe_load((CHECKOUT / "Pulumi.local.yaml").read_text(encoding="utf-8"))
        local["config"]["etcd:releaseSha256"] = ensure_release().sha256
        self._document = local
        self.configure(**config)

    def use_program(self, source: Path) -> None:
        """Link the project folder to the program in another folder."""
        for name in PROGRAM:
            (self.folder / name).unlink(missing_ok=True)
            (self.folder / name).symlink_to(source / name)

    def configure(self, **changes: Any) -> None:
        """Set keys of the program's own configuration; ``None`` removes one."""
        for key, value in changes.items():
            self._document["config"].pop(f"etcd:{key}", None)
            if value is not None:
                self._document["config"][f"etcd:{key}"] = value
        (self.folder / f"Pulumi.{self.stack}.yaml").write_text(
            yaml.safe_dump(self._document), encoding="utf-8"
        )

    def save_bundle(self, directory: Path) -> None:
        """Save the current files of the client that ``etcdctl`` has. Processes that use them notice the change."""
        self.save_client("", directory)

    def save_client(self, client: str, directory: Path) -> None:
        """Save a client's current files. Processes that use them notice the change."""
        directory.mkdir(exist_ok=True)
        shown = _output(self.as_client(client, "env"))
        environment = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
        for variable, name in FILES.items():
            replace(directory / name, Path(environment[variable]).read_text(encoding="ascii"), mode=0o600)

    def run(self, *argv: str, limit: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """Run a command inside the local cloud, with both of its outputs as one text."""
        return self.as_client("", *argv, limit=limit)

    def as_client(self, client: str, *argv: str, limit: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """Run a command with the certificate of a client, by default the one that ``localcloud run`` chooses."""
        return self.cloud.run(
            argv,
            cwd=self.folder,
            env={"PULUMI_STACK": self.stack, CLIENT: client},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=limit,
        )

    def pulumi(self, *arguments: str) -> str:
        """Run Pulumi and return its output. Raises ``TestbedError`` if the command fails."""
        return _output(self.run("pulumi", *arguments, "--non-interactive", limit=UP_LIMIT))

    def up(self, *arguments: str) -> str:
        """Run ``pulumi up`` and return its output. Raises ``TestbedError`` if the run fails."""
        return self.pulumi("up", "--yes", "--skip-preview", *arguments)

    def destroy(self) -> str:
        """Run ``pulumi destroy`` and return its output. Raises ``TestbedError`` if the run fails."""
        return self.pulumi("destroy", "--yes", "--skip-preview")

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, without secrets. Raises ``TestbedError`` if Pulumi does not tell them."""
        result = self.cloud.run(
            ["pulumi", "stack", "output", "--json"],
            cwd=self.folder,
            env={"PULUMI_STACK": self.stack},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        if result.returncode != 0:
            raise TestbedError(result.stderr)
        return json.loads(result.stdout)

    def members(self) -> dict[str, str]:
        """Address of each member by name."""
        return self.outputs()["members"]

    def etcdctl(self, *arguments: str) -> str:
        """Run etcdctl and return its output. Raises ``TestbedError`` if the command fails.

        Its warnings are left out: it logs each try that failed, as through a learner, even if the next one succeeds.
        """
        return _output(self.run("sh", "-c", ETCDCTL_WITHOUT_WARNINGS, "sh", *arguments))

    def revision(self) -> int:
        """etcd's current revision, by a linearizable read."""
        return json.loads(self.etcdctl("get", "nothing", "-w", "json"))["header"]["revision"]

    def on(self, member: str, script: str) -> str:
        """Run a shell script on a member and return its output. Raises ``TestbedError`` if the script fails."""
        result = self.cloud.exec(
            member,
            ["sh", "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
        return _output(result)

    def back_up(self, member: str, limit: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """Take a backup on a member now, whether that fails or not."""
        return self.cloud.exec(
            member, BACKUP_NOW, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=limit
        )

    def journal(self, member: str, *units: str) -> str:
        """A member's journal, or that of some units, also when its machine is off."""
        options = [option for unit in units for option in ("-u", unit)]
        return self.cloud.logs(
            member, "--no-pager", "-o", "cat", *options, capture_output=True, text=True
        ).stdout

    def back_up_at_last(self, member: str) -> None:
        """Take a backup at once. On a new member this is tried again: etcd's tools come after etcd itself."""
        wait_for(lambda: self.back_up(member), _succeeded, "backup")

    def wait_healthy(self) -> None:
        """Wait until all members say that they are healthy."""
        wait_for(
            lambda: self.run("etcdctl", "endpoint", "health", "--cluster"), _succeeded, "a healthy cluster"
        )

    def digitalocean(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, token: str = DIGITALOCEAN_TOKEN
    ) -> Any:
        """Send a request to the DigitalOcean API with full rights. Return the body, or ``None`` without one.

        Raises ``TestbedError`` if the API refuses it.
        """
        sent = () if body is None else ("-H", "Content-Type: application/json", "-d", json.dumps(body))
        result = self.cloud.run(
            ["curl", "--silent", "--show-error", "--fail-with-body", "-X", method, *sent,
             "-H", f"Authorization: Bearer {token}", f"{DIGITALOCEAN_URL}{path}"],
            cwd=Path("/"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE,
        )  # fmt: skip
        answer = _output(result)
        return json.loads(answer) if answer else None

    @property
    def domain(self) -> str:
        """The zone or the subdomain in which the members have their names."""
        return str(self._document["config"]["etcd:domain"])

    @property
    def names(self) -> list[str]:
        """The members that the configuration asks for."""
        return [self.name(number) for number in range(1, self._document["config"].get("etcd:size", 3) + 1)]

    def name(self, number: int) -> str:
        """A member's name, given its number."""
        return f"etcd-server-{number}.{self.domain}"

    def urn(self, number: int) -> str:
        """The URN of a member's droplet."""
        return self.resource(f"digitalocean:index/droplet:Droplet::etcd-etcd-{self.stack}-{number}")

    def resource(self, suffix: str) -> str:
        """The URN of a member's resource, given its own type and name."""
        return f"urn:pulumi:{self.stack}::etcd::etcd:index:EtcdCluster$etcd:index:Member${suffix}"

    def droplets(self) -> dict[str, int]:
        """Ids of the stack's droplets by member."""
        listed = self.digitalocean("GET", f"/v2/droplets?tag_name=etcd-etcd-{self.stack}&per_page=200")
        return {droplet["name"]: droplet["id"] for droplet in listed["droplets"]}

    @property
    def has_volumes(self) -> bool:
        """Whether members keep their data on volumes, which outlive their droplets."""
        return self._document["config"].get("etcd:volumeSize") != 0

    def ids(self) -> dict[str, int]:
        """What the cluster itself lists: etcd's id of each voting member by name."""
        listed = json.loads(self.etcdctl("member", "list", "-w", "json"))["members"]
        return {member["name"]: member["ID"] for member in listed if not member.get("isLearner")}

    def fail(self, *arguments: str) -> str:
        """Return the output of a run that must fail. Raises ``TestbedError`` if it succeeds."""
        result = self.run(
            "pulumi", "up", "--yes", "--skip-preview", "--non-interactive", *arguments, limit=UP_LIMIT
        )
        if result.returncode == 0:
            raise TestbedError(result.stdout)
        return result.stdout

    @property
    def settings(self) -> dict[str, Any]:
        """All that is configured now."""
        return dict(self._document["config"])

    def set_all(self, settings: Mapping[str, Any]) -> None:
        """Configure earlier ``settings``."""
        self._document["config"] = dict(settings)
        self.configure()

    @contextmanager
    def configured(self, **changes: Any) -> Generator[None]:
        """Other settings for the length of a block."""
        config = self._document["config"]
        before = {key: config.get(f"etcd:{key}") for key in changes}
        self.configure(**changes)
        try:
            yield
        finally:
            self.configure(**before)

    def drift(self, control: httpx.Client, number: int) -> None:
        """Let the API forget a feature of a member's droplet: the next run notices, and replaces it.

        Nothing happens without a droplet. The look-up passes all faults of the API.
        """
        found = control.get(
            "/digitalocean/v2/droplets",
            params={"name": self.name(number)},
            headers={"Authorization": f"Bearer {DIGITALOCEAN_TOKEN}"},
        ).raise_for_status()
        for droplet in found.json()["droplets"]:
            control.put(
                f"/droplets/{droplet['id']}/features", json=["droplet_agent", "private_networking"]
            ).raise_for_status()

    def droplet_id(self, member: str) -> int:
        """The ID of a member's droplet."""
        (droplet,) = self.digitalocean("GET", f"/v2/droplets?name={member}")["droplets"]
        return droplet["id"]


def wait_for(observe: Callable[[], T], enough: Callable[[T], bool], what: str, limit: float = PATIENCE) -> T:
    """Observe until the result is enough. Raises ``TestbedError``, which says what was last seen."""
    deadline = time.monotonic() + limit
    while not enough(seen := observe()):
        if time.monotonic() >= deadline:
            raise TestbedError(f"no {what} within {limit:.0f} s; last seen: {seen}")
        time.sleep(0.3)
    return seen


def _output(result: subprocess.CompletedProcess[str]) -> str:
    """The output of a command that must succeed."""
    if result.returncode != 0:
        raise TestbedError(result.stdout)
    return result.stdout


def _succeeded(result: subprocess.CompletedProcess[str]) -> bool:
    return result.returncode == 0


def requests(control: httpx.Client) -> list[Mapping[str, Any]]:
    """Every request that the local cloud's APIs have seen."""
    return control.get("/requests").json()["requests"]


def writes(control: httpx.Client) -> list[str]:
    """The requests among them that may have changed something."""
    return [f"{seen['method']} {seen['path']}" for seen in requests(control) if seen["method"] != "GET"]
