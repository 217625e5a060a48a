"""Promote this member from learner to voter as soon as it has caught up."""

from __future__ import annotations

import time

from etcd_node.etcd.client import ClusterClient, NoQuorumError, RefusedError
from etcd_node.etcd.etcdctl import change_members
from etcd_node.etcd.local_metrics import read_local_metrics
from etcd_node.etcd.transport import TlsClient, other_members
from etcd_node.host.backoff import backoff
from etcd_node.host.journal import WaitLog, say
from etcd_node.host.settings import Paths, Settings


def promote(settings: Settings, paths: Paths, wait_log: WaitLog) -> None:
    """Return when this member is a voter. The time between tries grows from 0.2 to 5 seconds."""
    client = TlsClient(paths.etc)
    attempt = 0
    while True:
        metrics = read_local_metrics(settings.metrics)
        if metrics is None or not metrics.has_leader:
            wait_log.report("waiting for etcd to have a leader, to promote this member")
        else:
            others = other_members(settings, paths)
            try:
                # Right after its start, etcd's metrics may not say yet that it is a learner.
                if any(
                    one.id == metrics.member and not one.learner
                    for one in ClusterClient(client, others).list_members().members
                ):
                    break
                change_members(paths, client, others, "promote", f"{metrics.member:x}")
            except (NoQuorumError, RefusedError) as error:
                wait_log.report(f"this member is still a learner: {error}")
            else:
                break
        time.sleep(backoff(attempt, first=0.2, longest=5.0))
        attempt += 1
    paths.joining.unlink(missing_ok=True)
    say("this member is a voter")
