"""Configures Prometheus for the cluster of a project's stack."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from localcloud.cloud import LocalCloud
from localcloud.machines.client_choice import CLIENT, OPERATOR_FILES, ClientFiles
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.operator import STACK
from localcloud.machines.stack import find_stack

_NEEDED = {"prometheusScrapeConfig", "caCertificate", OPERATOR_FILES.certificate, OPERATOR_FILES.key}
_LIMIT = 60.0


def monitor(
    cloud: LocalCloud, directory: Path, *, rules: Path, port: int | None = None, interval: str | None = None
) -> str:
    """Start Prometheus with the stack's targets and these alert rules, and return its URL on the host.

    Its certificate is that of a client without permissions, if the stack has one, or else the operator's.
    ``interval``, for example ``1s``, replaces all intervals of scrapes and evaluations. Raises ``LocalCloudError`` if
    the stack has no cluster, and as ``Prometheus.ensure`` does.
    """
    outputs = _outputs(cloud, directory)
    configuration = {
        "global": {"scrape_interval": interval or "15s", "evaluation_interval": interval or "15s"},
        "rule_files": [str(rules.resolve())],
        "scrape_configs": [
            job | ({"scrape_interval": interval, "scrape_timeout": interval} if interval else {})
            for job in yaml.safe_load(outputs["prometheusScrapeConfig"])["scrape_configs"]
        ],
    }
    client = _client(cloud, directory, outputs)
    files = {
        "ca.pem": outputs["caCertificate"],
        "client.pem": outputs[client.certificate],
        "client-key.pem": outputs[client.key],
    }
    return cloud.prometheus.ensure({**files, "prometheus.yml": yaml.safe_dump(configuration)}, port)


def _client(cloud: LocalCloud, directory: Path, outputs: Mapping[str, Any]) -> ClientFiles:
    """The client whose certificate reads metrics. Raises ``LocalCloudError`` if the chosen one does not exist."""
    stack = find_stack(cloud.layout, directory.resolve(), STACK)
    return stack.clients(outputs).for_metrics(os.environ.get(CLIENT, "")) if stack else OPERATOR_FILES


def _outputs(cloud: LocalCloud, directory: Path) -> Mapping[str, Any]:
    result: subprocess.CompletedProcess[str] = cloud.run(
        ["pulumi", "stack", "output", "--json", "--show-secrets"],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=_LIMIT,
    )
    if result.returncode != 0:
        lines = (result.stderr.strip() or result.stdout.strip() or "no output").splitlines()
        raise LocalCloudError(f"pulumi stack output: {lines[-1]}")
    outputs: dict[str, Any] = json.loads(result.stdout) if result.stdout.strip() else {}
    if missing := _NEEDED - set(outputs):
        raise LocalCloudError(
            f"the stack has no cluster to monitor (output {min(missing)} is missing): run make up"
        )
    return outputs
