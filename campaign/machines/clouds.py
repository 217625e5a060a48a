"""The local clouds of a campaign."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

from campaign.machines.prepare import prepare
from localcloud.cli.naming import default_name
from localcloud.cloud import LocalCloud
from localcloud.machines.api_process import REQUESTS_PER_MINUTE, SHUTDOWN_SECONDS
from localcloud.toolchain.etcd import VERSIONS, ensure_mirror


@contextmanager
def cloud(suffix: str) -> Generator[LocalCloud]:
    """An empty local cloud with a name of its own, which is removed afterwards. Raises ``LocalCloudError``."""
    prepare()
    made = LocalCloud(f"{default_name()}-{suffix}")
    # Runs follow each other without a pause, and actions are much faster than DigitalOcean's.
    os.environ[REQUESTS_PER_MINUTE] = "2500"
    os.environ[SHUTDOWN_SECONDS] = "15"
    renew(made)
    try:
        yield made
    finally:
        made.reset()


def renew(used: LocalCloud) -> None:
    """Remove everything in a local cloud, and start it with all versions of etcd."""
    used.reset()
    used.start()
    ensure_mirror(used.layout.releases, VERSIONS)
