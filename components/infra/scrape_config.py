"""What a Prometheus is told to scrape the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from components.shared.ports import EXPORTER_PORT, METRICS_PORT

CREDENTIALS = {"ca_file": "ca.pem", "cert_file": "client.pem", "key_file": "client-key.pem"}
"""Prometheus looks for them beside its configuration file; README and docs have them saved under these names."""


def scrape_config(cluster: str, members: Sequence[str]) -> str:
    """The scrape configuration of a cluster, in YAML: for ``scrape_config_files``, or to be copied.

    https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
    """
    jobs = [
        _job(cluster, "etcd", members, METRICS_PORT),
        # Seldom, since each scrape starts a program on the member; nothing in it is in a hurry.
        {**_job(cluster, "etcd-node", members, EXPORTER_PORT), "scrape_interval": "1m"},
    ]
    return yaml.safe_dump({"scrape_configs": jobs}, sort_keys=False)


def _job(cluster: str, job: str, members: Sequence[str], port: int) -> dict[str, Any]:
    return {
        # A Prometheus of several clusters needs names that differ; the alert rules go by the label.
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
