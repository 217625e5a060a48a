"""etcdctl, as an operator has it."""

from __future__ import annotations

from bench.workplace import PROJECT, Workplace


def client_environment(place: Workplace) -> dict[str, str]:
    """What an operator's etcdctl has in its environment."""
    printed = place.cloud.run(["env"], cwd=PROJECT, capture_output=True, text=True).stdout
    lines = (line.partition("=") for line in printed.splitlines())
    return {key: value for key, _, value in lines if key.startswith("ETCDCTL_")}
