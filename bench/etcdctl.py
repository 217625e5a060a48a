"""etcdctl with the operator's credentials."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from bench.errors import BenchError
from bench.workplace import Workplace
from localcloud.checkout import CHECKOUT


def client_environment(place: Workplace) -> dict[str, str]:
    """Read the environment variables that the local cloud sets for etcdctl."""
    printed = place.cloud.run(["env"], cwd=CHECKOUT, capture_output=True, text=True).stdout
    lines = (line.partition("=") for line in printed.splitlines())
    return {key: value for key, _, value in lines if key.startswith("ETCDCTL_")}


@dataclass(frozen=True)
class Status:
    """The status of one member and its database."""

    endpoint: str
    leads: bool
    revision: int
    size: int
    """Bytes of the database file."""
    in_use: int
    """Bytes of the file that hold data."""

    @property
    def name(self) -> str:
        """The name of the member, which is also its machine's."""
        return self.endpoint.removeprefix("https://").partition(":")[0]


def statuses(client: Mapping[str, str]) -> list[Status]:
    """Ask every member for its status, and sort by name. Raises ``BenchError``."""
    return read_statuses(etcdctl(client, "endpoint", "status", "--write-out=json"))


def read_statuses(text: str) -> list[Status]:
    """Parse the JSON of ``etcdctl endpoint status``, and sort by name."""
    found = [
        Status(
            entry["Endpoint"],
            entry["Status"]["leader"] == entry["Status"]["header"]["member_id"],
            entry["Status"]["header"]["revision"],
            entry["Status"]["dbSize"],
            entry["Status"]["dbSizeInUse"],
        )
        for entry in json.loads(text)
    ]
    return sorted(found, key=lambda status: status.name)


def etcdctl(client: Mapping[str, str], *arguments: str) -> str:
    """Run etcdctl and return its output. Raises ``BenchError`` when it fails."""
    result = subprocess.run(
        ["etcdctl", *arguments], env={**os.environ, **client}, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise BenchError(f"etcdctl {' '.join(arguments)} failed: {result.stderr[-1000:]}")
    return result.stdout
