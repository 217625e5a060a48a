"""Alert policies by which DigitalOcean mails that a droplet's disk, CPU or memory is nearly used up.

They need no Prometheus, only DigitalOcean's agent on the droplets, which cloud-init/do-agent.conf restricts. Policies
apply to the cluster's tag, so DigitalOcean watches a replaced droplet from its first minute.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_digitalocean as digitalocean

from ..config.settings import Settings


@dataclass(frozen=True)
class Policy:
    """When DigitalOcean mails."""

    label: str
    type: str
    """A measurement (DigitalOcean API reference, ``POST /v2/monitoring/alerts``)."""
    percent: int
    window: str
    what: str


POLICIES = (
    Policy("disk", "v1/insights/droplet/disk_utilization_percent", 80, "10m", "disk"),
    Policy("cpu", "v1/insights/droplet/cpu", 90, "30m", "CPU"),
    Policy("memory", "v1/insights/droplet/memory_utilization_percent", 90, "30m", "memory"),
)


def alert_policies(
    name: str, settings: Settings, cluster_tag: pulumi.Input[str], *, opts: pulumi.ResourceOptions
) -> list[digitalocean.MonitorAlert]:
    """Register the policies of a cluster. None if ``alert_emails`` is empty."""
    if not settings.alert_emails:
        return []
    return [
        digitalocean.MonitorAlert(
            f"{name}-alert-{policy.label}",
            type=policy.type,
            compare="GreaterThan",
            value=policy.percent,
            window=policy.window,
            description=f"{name}: {policy.what} above {policy.percent} % for {policy.window}",
            tags=[cluster_tag],
            alerts=digitalocean.MonitorAlertAlertsArgs(emails=list(settings.alert_emails)),
            opts=opts,
        )
        for policy in POLICIES
    ]
