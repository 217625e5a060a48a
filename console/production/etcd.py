"""Asks members about etcd, and those that do not answer about their machines."""

from __future__ import annotations

import asyncio
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

REPORT_SECONDS = 5.0
"""Seconds after which a machine is asked again why its etcd does not answer."""
METRICS_SECONDS = 10.0
"""Seconds after which the size of the database is read again."""
CERTIFICATE_SECONDS = 300.0
"""Seconds after which the ends of the certificates are read again."""
TIMEOUT_SECONDS = 3

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
    """What members said last."""

    observations: Mapping[str, Observation] = field(default_factory=dict[str, Observation])
    metrics: dict[str, Metrics | None] = field(default_factory=dict[str, "Metrics | None"])
    reports: dict[str, NodeReport | None] = field(default_factory=dict[str, "NodeReport | None"])
    certificates: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    _asked_metrics: dict[str, float] = field(default_factory=dict[str, float])
    _asked_reports: dict[str, float] = field(default_factory=dict[str, float])
    _asked_certificates: dict[str, float] = field(default_factory=dict[str, float])

    async def ask(self, names: list[str], addresses: Mapping[str, str], context: ssl.SSLContext) -> None:
        """Ask all members at once. Members without an address get no request."""
        observations = await observe_members(addresses, names, context)
        answering = [name for name in names if isinstance(observations[name], MemberStatus)]
        self.observations = observations
        self.metrics = {name: known for name, known in self.metrics.items() if name in answering}
        silent = [name for name in names if name not in answering and name in addresses]
        self.reports = {name: report for name, report in self.reports.items() if name in silent}
        await asyncio.gather(
            *(self._ask_report(name, addresses[name], context) for name in silent),
            *(self._read_metrics(name, addresses[name], context) for name in answering),
            *(self._read_certificates(name, addresses[name], context) for name in answering),
        )

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
            self.certificates.pop(name, None)
            return
        self.certificates[name] = certificate_ends(answer.text)


def _recent(asked: dict[str, float], key: str, seconds: float) -> bool:
    """Whether it was asked for less than these seconds ago. Otherwise it counts as asked now."""
    now = time.monotonic()
    if now - asked.get(key, -seconds) < seconds:
        return True
    asked[key] = now
    return False
