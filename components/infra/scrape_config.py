"""The scrape configuration for a Prometheus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from ..shared.ports import EXPORTER_PORT, METRICS_PORT

CREDENTIALS = {"ca_file": "ca.pem", "cert_file": "client.pem", "key_file": "client-key.pem"}
"""Files beside Prometheus's configuration file. README and docs save the credentials under these names."""


def scrape_config(cluster: str, members: Sequence[str]) -> str:
    """Render the scrape configuration of a cluster as YAML, for ``scrape_config_files``.

    https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
    """
    jobs = [
        _job(cluster, "etcd", members, METRICS_PORT),
        # Each scrape starts a program on the member, and its metrics change slowly.
        {**_job(cluster, "etcd-node", members, EXPORTER_PORT), "scrape_interval": "1m"},
    ]
    return yaml.safe_dump({"scrape_configs": jobs}, sort_keys=False)


def _job(cluster: str, job: str, members: Sequence[str], port: int) -> dict[str, Any]:
    return {
        # One Prometheus may scrape several clusters, so names must differ. The alert rules select by the label.
        "job_name": f"{job}/{cluster}",
        "scheme": "https",
        "tls_config": dict(CREDENTIALS),
        "static_configs": [
            {
                "targets": [f"{member}:{port}" for member in members],
                "labels": {"job": job, "cluster": cluster},
            }
        ],
        "relabel_configs": [
            {"source_labels": ["__address__"], "regex": r"(.+):\d+", "target_label": "instance"}
        ],
    }
