"""The local cloud's name server: dnsmasq, which answers from a file and forwards no query."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence

from localcloud.addresses import GATEWAY
from localcloud.machines.cgroups import Cgroup
from localcloud.machines.files import open_log, replace
from localcloud.machines.layout import Layout

TTL = 60
"""Time to live of the answers in seconds, equal to that of the program's records."""


class NameServer:
    """dnsmasq on the gateway's port 53."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._cgroup = Cgroup(layout.cgroup) / "dnsmasq"
        self._hosts = layout.run / "hosts"

    def running(self) -> bool:
        """Return whether the name server runs."""
        return self._cgroup.populated()

    @property
    def paused(self) -> bool:
        """Whether queries time out."""
        return self._cgroup.frozen()

    def pause(self) -> None:
        """Let queries time out."""
        self._cgroup.freeze()

    def resume(self) -> None:
        """Let the name server answer again."""
        self._cgroup.thaw()

    def ensure(self) -> None:
        """Start the name server unless it runs."""
        if self.running():
            return
        if not self._hosts.exists():
            replace(self._hosts, "", mode=0o600)
        with open_log(self._layout.logs / "dnsmasq.log") as log:
            self._cgroup.spawn(
                [
                    # The signal for new records must not end it before dnsmasq handles it, which reads them later.
                    *("sh", "-c", "trap '' HUP && exec \"$@\"", "sh"),
                    *("ip", "netns", "exec", self._layout.namespace, "dnsmasq", "--keep-in-foreground"),
                    *(
                        "--conf-file=/dev/null",
                        "--pid-file=",
                        "--log-facility=-",
                        "--user=root",
                        "--group=root",
                    ),
                    *(f"--listen-address={GATEWAY.ip}", "--bind-interfaces", "--no-resolv", "--no-hosts"),
                    *(f"--addn-hosts={self._hosts}", f"--local-ttl={TTL}", "--no-negcache"),
                    # Any other name does not exist; no query leaves the namespace.
                    "--address=/#/",
                ],
                output=log,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            )

    def answer(self, records: Mapping[str, Sequence[str]]) -> None:
        """Replace all records: FQDN to IPv4 addresses."""
        lines = [
            f"{address} {name.rstrip('.')}\n" for name, addresses in records.items() for address in addresses
        ]
        text = "".join(sorted(lines))
        if self._hosts.exists() and self._hosts.read_text() == text:
            return
        replace(self._hosts, text, mode=0o600)
        self._cgroup.signal(signal.SIGHUP)

    def answers(self) -> dict[str, tuple[str, ...]]:
        """Return all records: FQDN to IPv4 addresses."""
        found: dict[str, tuple[str, ...]] = {}
        for line in self._hosts.read_text().splitlines() if self._hosts.exists() else ():
            address, name = line.split()
            found[name] = (*found.get(name, ()), address)
        return found
