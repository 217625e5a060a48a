"""A droplet beside the cluster that shows how DigitalOcean treats one: its system, volume, shutdown and deletion.

It is created like a member's droplet, in the same region, image, size and VPC, with a volume that has a file system.
No firewall is in front of it. It answers one path that nobody can guess, and tells nothing that is secret.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from acceptance.account import Account
from acceptance.errors import AcceptanceError
from acceptance.left import delete_until_gone, probe_name
from acceptance.probe_server import PORT
from components.config.settings import Settings

BOOT_SECONDS = 600.0
"""Seconds in which the droplet must answer after its creation or start."""

REFUSED_SECONDS = 300.0
"""Seconds for which a shutdown that the droplet blocks is watched."""

END_SECONDS = 600.0
"""Seconds in which a shutdown that nothing blocks, and a deletion, must end."""

INTERVAL = 1.0
"""Seconds between two looks."""

UNIT = """\
[Unit]
Description=Acceptance probe
[Service]
ExecStart=/usr/bin/python3 /root/probe_server.py /root/probe_secret
[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class Probe:
    """The probe of one cluster. Its resources have the cluster's name with ``-probe``."""

    account: Account
    settings: Settings
    cluster: str
    say: Callable[[str], None]

    @property
    def name(self) -> str:
        """The name of its volume, and its tag."""
        return probe_name(self.cluster)

    def run(self, beside: str) -> dict[str, Any]:
        """Create the probe beside a droplet of the cluster, and return what it showed. It is deleted at the end.

        Raises ``AcceptanceError``.
        """
        secret = secrets.token_urlsafe(24)
        seen: dict[str, Any] = {}
        volume = self._create_volume()
        began = time.monotonic()
        droplet = self._create_droplet(volume, secret, vpc=self._vpc_of(beside))
        address, seen["locked while it is created"] = self._wait_active(droplet)
        seen["seconds until active"] = _since(began)
        url = f"http://{address}:{PORT}/{secret}"
        seen["first boot"] = self._facts(url)
        seen["seconds until it answers"] = _since(began)
        seen["tag"] = self._tag()
        self.say("a shutdown that the droplet blocks")
        seen["blocked shutdown"] = self._blocked_shutdown(droplet)
        seen["after the blocked shutdown"] = self._facts(url)["facts"]["shutdown requests"]
        self.say("a shutdown that nothing blocks")
        seen["shutdown"] = self._shutdown(droplet, url)
        self.say("a second boot")
        began = time.monotonic()
        self._act(droplet, "power_on")
        self._wait_active(droplet)
        seen["second boot"] = self._facts(url)
        seen["seconds of the second boot"] = _since(began)
        self.say("its deletion")
        seen["deletion"] = self._delete(droplet, volume)
        return seen

    def _create_volume(self) -> str:
        body = {
            "name": self.name,
            "region": self.settings.region,
            "size_gigabytes": 1,
            "filesystem_type": "ext4",
            "tags": [self.name],
        }
        return self.account.post("/v2/volumes", body)["volume"]["id"]

    def _create_droplet(self, volume: str, secret: str, *, vpc: str) -> int:
        body = {
            "name": f"probe.{self.settings.domain}",
            "region": self.settings.region,
            "size": self.settings.droplet_size,
            "image": self.settings.image,
            "volumes": [volume],
            "vpc_uuid": vpc,
            "tags": [self.name],
            "user_data": user_data(secret),
        }
        return self.account.post("/v2/droplets", body)["droplet"]["id"]

    def _vpc_of(self, member: str) -> str:
        (droplet,) = (one for one in self.account.list("droplets", name=member) if one["name"] == member)
        return droplet["vpc_uuid"]

    def _wait_active(self, droplet: int) -> tuple[str, bool]:
        """Wait until the droplet is active. Return its public address, and whether it was locked meanwhile."""
        deadline, seen, locked = time.monotonic() + BOOT_SECONDS, {}, False
        while time.monotonic() < deadline:
            seen = self._droplet(droplet)
            locked = locked or seen["locked"]
            public = [one["ip_address"] for one in seen["networks"]["v4"] if one["type"] == "public"]
            if seen["status"] == "active" and public:
                return public[0], locked
            time.sleep(INTERVAL)
        raise AcceptanceError(
            f"droplet {droplet} is not active after {BOOT_SECONDS:.0f} s. It is {seen.get('status')}"
        )

    def _facts(self, url: str) -> dict[str, Any]:
        """What the droplet tells, and how far its clock is from this machine's."""
        deadline, problem = time.monotonic() + BOOT_SECONDS, ""
        while time.monotonic() < deadline:
            try:
                sent = time.time()
                answer = httpx.get(f"{url}/facts", timeout=60, trust_env=False)
                told = answer.raise_for_status().json()
            except httpx.HTTPError as error:
                problem = type(error).__name__
                time.sleep(INTERVAL)
                continue
            return {"facts": told["facts"], "clock ahead by seconds": round(told["time"] - sent, 1)}
        raise AcceptanceError(f"the probe did not answer within {BOOT_SECONDS:.0f} s. Last seen: {problem}")

    def _tag(self) -> dict[str, Any]:
        """How the API counts two resources with one tag, in both of its answers."""
        alone = self.account.get(f"/v2/tags/{self.name}")["tag"]["resources"]
        tags = list(self.account.list("tags"))
        return {
            "alone": alone,
            "listed": [one for one in tags if one["name"] == self.name],
            "meta.total": self.account.get("/v2/tags?per_page=1").get("meta", {}).get("total"),
            "names listed": len(tags),
        }

    def _blocked_shutdown(self, droplet: int) -> dict[str, Any]:
        """Request a shutdown, and watch until the action has ended and the droplet is unlocked again."""
        action, began = self._act(droplet, "shutdown"), time.monotonic()
        ended: float | None = None
        locked = False
        while time.monotonic() - began < REFUSED_SECONDS:
            status = self.account.get(f"/v2/actions/{action}")["action"]["status"]
            if status != "in-progress" and ended is None:
                ended = _since(began)
            seen = self._droplet(droplet)
            locked = locked or seen["locked"]
            if ended is not None and not seen["locked"]:
                break
            time.sleep(INTERVAL)
        return {
            "seconds until the action ended": ended,
            "status of the action": self.account.get(f"/v2/actions/{action}")["action"]["status"],
            "locked": locked,
            "seconds until the droplet was unlocked": _since(began) if locked else None,
            "status of the droplet": self._droplet(droplet)["status"],
        }

    def _shutdown(self, droplet: int, url: str) -> dict[str, Any]:
        """Request a shutdown that the droplet allows, and wait until it is off."""
        try:
            httpx.post(f"{url}/release", timeout=30, trust_env=False).raise_for_status()
        except httpx.HTTPError as error:
            # Without the text, which has the path that nobody may know.
            raise AcceptanceError(f"the probe did not allow its shutdown: {type(error).__name__}") from None
        began = time.monotonic()
        self._act(droplet, "shutdown")
        deadline, locked = began + END_SECONDS, False
        while (seen := self._droplet(droplet))["status"] != "off" or seen["locked"]:
            locked = locked or seen["locked"]
            if time.monotonic() > deadline:
                raise AcceptanceError(
                    f"droplet {droplet} did not shut down in {END_SECONDS:.0f} s. It is {seen['status']}"
                )
            time.sleep(INTERVAL)
        return {"seconds": _since(began), "locked": locked}

    def _delete(self, droplet: int, volume: str) -> dict[str, float]:
        times = {"seconds of the droplet's deletion": self._delete_droplet(droplet)}
        began = time.monotonic()
        deadline = began + END_SECONDS
        while (seen := self.account.get(f"/v2/volumes/{volume}")["volume"])["droplet_ids"]:
            if time.monotonic() > deadline:
                raise AcceptanceError(f"volume {volume} is still attached to {seen['droplet_ids']}")
            time.sleep(INTERVAL)
        times["seconds until the volume is free"] = _since(began)
        times["seconds of the volume's deletion"] = self._delete_volume(volume)
        self._delete_at(f"/v2/tags/{self.name}")
        return times

    def _delete_droplet(self, droplet: int) -> float:
        return self._delete_at(f"/v2/droplets/{droplet}")

    def _delete_volume(self, volume: str) -> float:
        return self._delete_at(f"/v2/volumes/{volume}")

    def _delete_at(self, path: str) -> float:
        """Delete a resource, and return the seconds until the API says that it does not exist."""
        began = time.monotonic()
        delete_until_gone(self.account, path, path, END_SECONDS)
        return _since(began)

    def _act(self, droplet: int, kind: str) -> int:
        """Start an action on the droplet, when no other action runs, and return the action's id."""
        deadline = time.monotonic() + END_SECONDS
        while self._is_busy(droplet) and time.monotonic() < deadline:
            time.sleep(INTERVAL)
        return self.account.post(f"/v2/droplets/{droplet}/actions", {"type": kind})["action"]["id"]

    def _is_busy(self, droplet: int) -> bool:
        # It is not known whether every action locks a droplet: the report says what was seen.
        if self._droplet(droplet)["locked"]:
            return True
        actions = self.account.get(f"/v2/droplets/{droplet}/actions")["actions"]
        return any(action["status"] == "in-progress" for action in actions)

    def _droplet(self, droplet: int) -> dict[str, Any]:
        return self.account.get(f"/v2/droplets/{droplet}")["droplet"]


def user_data(secret: str) -> str:
    """The cloud-init document of the probe."""
    server = Path(__file__).with_name("probe_server.py").read_text(encoding="utf-8")
    files = [
        {"path": "/root/probe_server.py", "content": server},
        {"path": "/root/probe_secret", "content": secret, "permissions": "0600"},
        {"path": "/etc/systemd/system/acceptance-probe.service", "content": UNIT},
    ]
    commands = ["systemctl daemon-reload", "systemctl enable --now acceptance-probe"]
    return "#cloud-config\n" + yaml.safe_dump({"write_files": files, "runcmd": commands})


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)
