"""Configures Prometheus for the cluster of a project's stack."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from localcloud.cli.running_cluster import find_cluster
from localcloud.cloud import LocalCloud
from localcloud.machines.client_choice import CLIENT
from localcloud.machines.errors import LocalCloudError

_SCRAPED = "prometheusScrapeConfig"
"""The output with Prometheus' targets."""


def monitor(
    cloud: LocalCloud,
    directory: Path,
    *,
    rules: Path | None = None,
    port: int | None = None,
    interval: str | None = None,
) -> str:
    """Start Prometheus with the stack's targets and alert rules, and return its URL on the host.

    Its certificate is that of a client without permissions, if the stack has one, or else the operator's. ``rules`` is
    the file of the rules; ``None`` is that of the project. ``interval``, for example ``1s``, replaces all intervals of
    scrapes and evaluations. Raises ``LocalCloudError`` in the local cloud's own shell, if the stack has no
    cluster, and as ``Prometheus.ensure`` does.
    """
    cloud.check_outside("monitoring")
    stack, outputs = find_cluster(cloud, directory)
    rules = rules or stack.directory / "monitoring" / "alerts.yaml"
    if not rules.exists():
        raise LocalCloudError(f"{rules} does not exist: copy it from the folder monitoring/ of this project")
    if _SCRAPED not in outputs:
        raise LocalCloudError(
            f"the stack has no cluster to monitor (output {_SCRAPED} is missing): run make up"
        )
    configuration = {
        "global": {"scrape_interval": interval or "15s", "evaluation_interval": interval or "15s"},
        "rule_files": [str(rules.resolve())],
        "scrape_configs": [
            job | ({"scrape_interval": interval, "scrape_timeout": interval} if interval else {})
            for job in yaml.safe_load(outputs[_SCRAPED])["scrape_configs"]
        ],
    }
    client = stack.clients(outputs).for_metrics(os.environ.get(CLIENT, ""))
    files = {
        "ca.pem": outputs["caCertificate"],
        "client.pem": outputs[client.certificate],
        "client-key.pem": outputs[client.key],
    }
    return cloud.prometheus.ensure({**files, "prometheus.yml": yaml.safe_dump(configuration)}, port)
