"""After a learner's etcd has started: make it a voter as soon as it has caught up."""

from __future__ import annotations

import time

from etcd_node.etcd.client import ClusterClient, NoQuorumError, RefusedError
from etcd_node.etcd.local_metrics import read_local_metrics
from etcd_node.etcd.transport import MemberAddress, TlsClient
from etcd_node.host.backoff import backoff
from etcd_node.host.hosts_file import members_in
from etcd_node.host.journal import Waiting, say
from etcd_node.host.settings import Paths, Settings


def promote(settings: Settings, places: Paths, waiting: Waiting) -> None:
    """Return when this member votes. Tries until then, from often to every 5 seconds."""
    client = TlsClient(places.etc)
    attempt = 0
    while True:
        health = read_local_metrics(settings.metrics)
        if health is None or not health.has_leader:
            waiting.on("waiting for etcd to start, to make it a voter")
        else:
            known = members_in(places.hosts.read_text())
            others = [
                MemberAddress(name, address) for name, address in known.items() if name != settings.name
            ]
            cluster = ClusterClient(client, others)
            try:
                # The metrics of an etcd that has just started do not know of a learner yet.
                if any(one.id == health.member and not one.learner for one in cluster.list_members().members):
                    break
                cluster.promote(health.member)
            except (NoQuorumError, RefusedError) as error:
                waiting.on(f"this member is still a learner: {error}")
            else:
                break
        time.sleep(backoff(attempt, first=0.2, longest=5.0))
        attempt += 1
    places.joining.unlink(missing_ok=True)
    say("this member is a voter")
