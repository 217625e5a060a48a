"""When etcd stops on a member, clients' connections end soon: watches would delay the stop, and requests would wait."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager

from tests.lifecycle.live import Live

WATCHES_END = 7
"""Seconds that etcd itself waits for watches when it stops: 5, and two election timeouts."""


def test_watches_do_not_delay_a_restart_of_etcd(live: Live) -> None:
    with live.case("a restart of etcd"), watched(live, live.name(2)):
        seconds = restart(live, live.name(2))
    assert seconds < WATCHES_END


def test_a_stop_is_only_slower_where_connections_cannot_be_cut(live: Live) -> None:
    """Such as on a kernel without CONFIG_INET_DIAG_DESTROY."""
    member = live.name(2)
    with (
        live.case("a restart of etcd without ss", planned=False),
        live.broken(member),
        watched(live, member),
    ):
        live.on(member, "mount --bind /bin/false /usr/bin/ss")
        seconds = restart(live, member)
        live.on(member, "umount /usr/bin/ss")
    assert seconds > WATCHES_END
    assert "Failed with result" not in live.journal(member, "etcd")


def restart(live: Live, member: str) -> float:
    """Restart etcd on a member as an operator does. Return the seconds that it took."""
    began = time.monotonic()
    live.on(member, "systemctl restart etcd")
    return time.monotonic() - began


@contextmanager
def watched(live: Live, member: str) -> Generator[None]:
    """Keep a watch open on this very member."""
    watch = live.cloud.begin(
        ["etcdctl", "watch", "--prefix", "/clientv3/"],
        cwd=live.folder,
        env={"PULUMI_STACK": live.stack, "ETCDCTL_ENDPOINTS": f"https://{member}:2379"},
        stdout=subprocess.PIPE,
    )
    try:
        assert watch.process.stdout is not None
        watch.process.stdout.readline()
        yield
    finally:
        watch.kill()
