"""What a failed run tells the operator to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pulumi

from components.config.settings import Settings

RESUMABLE = "Nothing else was changed. The next pulumi up continues from here."
"""The end of an error in the last step of a run."""

LOGS = (
    "Read a member's log on its droplet: journalctl -u preparecluster -u etcd (by SSH where etcd:sshCidrs "
    "and etcd:sshKeys allow it, else in DigitalOcean's recovery console)."
)
"""Where the operator finds the reason on a droplet."""


def untouched(settings: Settings) -> str:
    """The end of an error before a member changes."""
    if settings.volume_size:
        last = (
            "If the cluster never became healthy, or you abandon it: "
            "pulumi config set etcd:rollout all-at-once, pulumi up, and then pulumi config rm etcd:rollout."
        )
    else:
        last = (
            "If the cluster never became healthy, or you abandon it with its data, recreate it: pulumi destroy, and "
            "then pulumi up, with etcd:restoreFrom if there is a backup (docs/recovery.md)."
        )
    return f"Nothing was changed for this step. After a temporary problem, run pulumi up again. {last}"


def renewed(settings: Settings) -> str:
    """How to replace expired certificates by those that the run has issued."""
    if settings.volume_size:
        return (
            "This run has issued new certificates. Replace all droplets in one run; the data on their volumes is "
            "kept:\n"
            "  pulumi config set etcd:rollout all-at-once && pulumi up && pulumi config rm etcd:rollout"
        )
    return (
        "Do not replace the droplets: the data is on their own disks. This run has issued new certificates: put these "
        "on the members by hand, and run pulumi up again (docs/lifecycle.md, Renewal)."
    )


def needed_to_reach(settings: Settings) -> str:
    """What the machine that runs the program needs, when no member sends anything back."""
    networks = ", ".join(str(network) for network in settings.client_cidrs)
    private = " It must also be inside the VPC, or have a route into it, because etcd:addresses is private."
    return (
        "No member sent anything back. The machine that runs pulumi up connects to the members itself, so its address "
        f"must be in etcd:clientCidrs, which is {networks}.{private if settings.addresses == 'private' else ''}"
    )


def repair_command(droplet_urn: pulumi.Output[str], record_urn: pulumi.Output[str]) -> pulumi.Output[str]:
    """The command that replaces a member's droplet, and changes its DNS record to the new address."""
    return pulumi.Output.format(
        "pulumi up --target-replace '{}' --target '{}', and then pulumi up", droplet_urn, record_urn
    )


def failure(
    problems: Mapping[str, str],
    since: Mapping[str, datetime],
    *,
    limit: float,
    purpose: str,
    repairs: Mapping[str, str],
    ending: str,
) -> str:
    """Each unhealthy member with its last observed problem, since when, and the command that repairs it."""
    lines = [f"{purpose}: not healthy within {limit:.0f} s (etcd:healthTimeoutSeconds). Last observed:"]
    for name, problem in problems.items():
        lines.append(f"  {name}: {problem} (since {since[name]:%H:%M:%S} UTC or longer)")
        if name in repairs:
            lines.append(f"    to repair it: {repairs[name]}")
    return "\n".join([*lines, LOGS, ending])


def expiry(problems: Mapping[str, str], purpose: str, renewed: str) -> str:
    """What to do about members with expired certificates, for which this run has issued new ones."""
    states = "\n".join(f"  {name}: {problem}" for name, problem in problems.items())
    return (
        f"{purpose}: certificates have expired:\n{states}\n"
        "Members reject each other's expired certificates, so a replaced member cannot join those that are not "
        f"replaced. {renewed}"
    )
