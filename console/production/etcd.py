"""Asks members about etcd, and those that do not answer about their machines."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from components.api.http_client import Call, NoAnswerError, ask_member
from components.etcd.member_metrics import read_metrics
from components.etcd.member_status import AUTHENTICATION, MemberStatus, Observation, observe_members
from components.etcd.node_report import NodeReport, ask_report
from components.shared.ports import EXPORTER_PORT
from console.history.elections import Elections

log = logging.getLogger(__name__)

REPORT_SECONDS = 5.0
"""Seconds after which a machine is asked again why its etcd does not answer."""
METRICS_SECONDS = 10.0
"""Seconds after which the size of the database is read again."""
CERTIFICATE_SECONDS = 300.0
"""Seconds after which the ends of the certificates are read again."""
TIMEOUT_SECONDS = 3
"""Seconds that each wait for a machine may take."""

_SAMPLE = re.compile(r"^([a-z_]+)(?:\{([^}]*)\})? (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_CERTIFICATES = "etcd_node_certificate_not_after_timestamp_seconds"


@dataclass(frozen=True)
class Metrics:
    """What etcd's own metrics tell."""

    values: Mapping[str, float]
    version: str

    def whole(self, name: str) -> int | None:
        """A value without its fraction."""
        value = self.values.get(name)
        return None if value is None else int(value)


def hides_state(observation: Observation) -> bool:
    """Whether a member tells its state to no certificate with a name, because etcd's authentication is on."""
    return isinstance(observation, MemberStatus) and observation.problem == AUTHENTICATION


def parse_metrics(text: str) -> Metrics | None:
    """The values without labels, and etcd's version. ``None`` if there are none."""
    values: dict[str, float] = {}
    version = ""
    for name, labels, value in _SAMPLE.findall(text):
        if name == "etcd_server_version":
            version = dict(_LABEL.findall(labels)).get("server_version", "")
        elif not labels:
            values[name] = float(value)
    return Metrics(values, version) if values else None


def certificate_ends(text: str) -> dict[str, float]:
    """The end of each certificate in the metrics of a member's machine, by the name that it has there."""
    return {
        dict(_LABEL.findall(labels)).get("certificate", ""): float(value)
        for name, labels, value in _SAMPLE.findall(text)
        if name == _CERTIFICATES
    }


@dataclass
class Etcd:
    """What members said last. Each is asked by itself, so that one that is silent does not delay the others."""

    observations: dict[str, Observation] = field(default_factory=dict[str, Observation])
    seen_at: dict[str, float] = field(default_factory=dict[str, float])
    """The Unix time at which each observation was true: when the member was asked."""
    silent_since: dict[str, float] = field(default_factory=dict[str, float])
    """The Unix time since which a member does not answer at its address."""
    metrics: dict[str, Metrics | None] = field(default_factory=dict[str, "Metrics | None"])
    reports: dict[str, NodeReport | None] = field(default_factory=dict[str, "NodeReport | None"])
    certificates: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    """The ends that were read last, by member. They are kept while a member does not answer."""
    elections: Elections = field(default_factory=Elections)
    _asked_metrics: dict[str, float] = field(default_factory=dict[str, float])
    _asked_reports: dict[str, float] = field(default_factory=dict[str, float])
    _asked_certificates: dict[str, float] = field(default_factory=dict[str, float])
    _asking: dict[str, tuple[str | None, asyncio.Task[None]]] = field(
        default_factory=dict[str, "tuple[str | None, asyncio.Task[None]]"]
    )

    def ask(self, names: list[str], addresses: Mapping[str, str], context: ssl.SSLContext) -> None:
        """Begin to ask each member that is not being asked at this address. One without an address gets no request."""
        self._keep(names)
        for name in names:
            address = addresses.get(name)
            asked, task = self._asking.get(name, (None, None))
            if task is not None and not task.done():
                if asked == address:
                    continue
                task.cancel()
            if asked != address:
                # What was said at another address was said by another droplet.
                for known in (self.observations, self.seen_at, self.silent_since, self.metrics, self.reports):
                    known.pop(name, None)
                self._asked_reports.pop(name, None)
            self._asking[name] = (address, asyncio.create_task(self._ask(name, address, context)))

    @property
    def since(self) -> dict[str, float]:
        """The Unix time from which each member is as it is now, as far as it was seen."""
        return {**self.seen_at, **self.silent_since}

    def forget(self) -> None:
        """End all requests. What members said is unknown from now on, but for the ends of their certificates."""
        for _, task in self._asking.values():
            task.cancel()
        for known in (self.observations, self.seen_at, self.silent_since, self.metrics, self.reports):
            known.clear()
        for asked in (self._asked_metrics, self._asked_reports, self._asked_certificates, self._asking):
            asked.clear()

    def _keep(self, names: list[str]) -> None:
        for name in self._asking.keys() - set(names):
            self._asking.pop(name)[1].cancel()
            for known in (self.observations, self.seen_at, self.silent_since, self.metrics, self.reports):
                known.pop(name, None)
            self.certificates.pop(name, None)

    async def _ask(self, name: str, address: str | None, context: ssl.SSLContext) -> None:
        try:
            await self._observe(name, address, context)
        except Exception:
            # Nobody waits for this task.
            log.exception("%s could not be asked", name)

    async def _observe(self, name: str, address: str | None, context: ssl.SSLContext) -> None:
        asked = time.time()
        found = await observe_members({} if address is None else {name: address}, [name], context)
        observation = self.observations[name] = found[name]
        self.seen_at[name] = asked
        if isinstance(observation, MemberStatus):
            self.silent_since.pop(name, None)
            self.reports.pop(name, None)
        else:
            self.silent_since.setdefault(name, asked)
            self.metrics.pop(name, None)
        if address is None:
            self.reports.pop(name, None)
        elif isinstance(observation, MemberStatus):
            await self._read_metrics(name, address, context)
            await self._read_certificates(name, address, context)
        else:
            await self._ask_report(name, address, context)

    async def _ask_report(self, name: str, address: str, context: ssl.SSLContext) -> None:
        if _recent(self._asked_reports, name, REPORT_SECONDS):
            return
        self.reports[name] = await ask_report(name, address, context)

    async def _read_metrics(self, name: str, address: str, context: ssl.SSLContext) -> None:
        hidden = hides_state(self.observations[name])
        if hidden or name not in self.metrics or not _recent(self._asked_metrics, name, METRICS_SECONDS):
            self.metrics[name] = parse_metrics(await read_metrics(name, address, context))

    async def _read_certificates(self, name: str, address: str, context: ssl.SSLContext) -> None:
        # A droplet that was replaced has another address, and other certificates.
        if _recent(self._asked_certificates, f"{name} {address}", CERTIFICATE_SECONDS):
            return
        try:
            (answer,) = await ask_member(
                name, address, EXPORTER_PORT, context, [Call("/metrics")], seconds=TIMEOUT_SECONDS
            )
        except NoAnswerError:
            self._asked_certificates.pop(f"{name} {address}", None)
            return
        self.certificates[name] = certificate_ends(answer.text)


def _recent(asked: dict[str, float], key: str, seconds: float) -> bool:
    """Whether it was asked for less than these seconds ago. Otherwise it counts as asked now."""
    now = time.monotonic()
    if now - asked.get(key, -seconds) < seconds:
        return True
    asked[key] = now
    return False
