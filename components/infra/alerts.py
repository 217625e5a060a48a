"""Mails of DigitalOcean's own monitoring: a droplet's disk, CPU or memory is nearly used up.

They need no Prometheus. DigitalOcean's agent on the droplets measures, and reports in the way that
cloud-init/do-agent.conf leaves it; policies go by the cluster's tag, so that a replaced droplet is watched from
its first minute.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_digitalocean as digitalocean

from components.config.settings import Settings


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
    """The policies of one cluster; none unless ``alert_emails`` says who is told."""
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
