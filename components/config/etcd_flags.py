"""The flags of etcd that a stack may set, and those that the program owns.

Sources: ``etcd --help`` of each version, and ``server/embed/config.go`` and ``server/etcdmain/config.go``. A test
compares the tables with ``etcd --help``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from ..shared.versions import minor_version
from .naming import key_of

VERSIONS = ((3, 5), (3, 6), (3, 7))
"""The minor versions whose flags the program knows, in order."""
GATES_SINCE = (3, 6)
"""The first minor version with ``feature-gates``."""
FEATURE_GATES = "feature-gates"
EXPERIMENTAL = "experimental-"
"""The start of names that 3.6 replaces and 3.7 no longer knows."""


@dataclass(frozen=True)
class Value:
    """The form of a flag's value."""

    pattern: str
    example: str


BOOLEAN = Value("true|false", "true or false")
NUMBER = Value(r"\d{1,9}", "a whole number")
DURATION = Value(r"(\d+(\.\d+)?(ns|us|ms|s|m|h))+", "a duration such as 500ms or 10s")
TEXT = Value(r"[!-~]+", "text without spaces")
TLS_VERSION = Value(r"TLS1\.[23]", "TLS1.2 or TLS1.3")
GATES = Value(r"\w+=(true|false)(,\w+=(true|false))*", "gates such as LeaseCheckpoint=true")

UNCHANGED: Mapping[str, Value] = MappingProxyType(
    {
        "auth-token-ttl": NUMBER,
        "backend-batch-interval": DURATION,
        "backend-batch-limit": NUMBER,
        "backend-bbolt-freelist-type": Value("map|array", "map or array"),
        "bcrypt-cost": NUMBER,
        "cipher-suites": Value(
            "TLS_[A-Z0-9_]+(,TLS_[A-Z0-9_]+)*", "names such as TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
        ),
        "cors": Value(
            r"\*|https?://[\w.-]+:\d+(,https?://[\w.-]+:\d+)*",
            "* or origins such as https://ui.example.com:443",
        ),
        "enable-pprof": BOOLEAN,
        "host-whitelist": TEXT,
        "initial-election-tick-advance": BOOLEAN,
        "max-concurrent-streams": NUMBER,
        "max-snapshots": NUMBER,
        "max-wals": NUMBER,
        "metrics": Value("basic|extensive", "basic or extensive"),
        "raft-read-timeout": DURATION,
        "raft-write-timeout": DURATION,
        "tls-max-version": TLS_VERSION,
        "tls-min-version": TLS_VERSION,
    }
)
"""The flags that every version has."""

RENAMED: Mapping[str, Value] = MappingProxyType(
    {
        "bootstrap-defrag-threshold-megabytes": NUMBER,
        "compact-hash-check-time": DURATION,
        "compaction-batch-limit": NUMBER,
        "compaction-sleep-interval": DURATION,
        "corrupt-check-time": DURATION,
        "distributed-tracing-address": TEXT,
        "distributed-tracing-sampling-rate": NUMBER,
        "distributed-tracing-service-name": TEXT,
        "downgrade-check-time": DURATION,
        "enable-distributed-tracing": BOOLEAN,
        "snapshot-catchup-entries": NUMBER,
        "warning-apply-duration": DURATION,
        "watch-progress-notify-interval": DURATION,
    }
)
"""The flags that 3.5 calls ``experimental-NAME``, and 3.7 ``NAME``. 3.6 has both names."""

NEW: Mapping[str, Value] = MappingProxyType(
    {FEATURE_GATES: GATES, "warning-unary-request-duration": DURATION}
)
"""The flags that 3.6 and 3.7 have, and 3.5 has not."""

BECAME_GATES: Mapping[str, str] = MappingProxyType(
    {
        "experimental-enable-lease-checkpoint": "LeaseCheckpoint",
        "experimental-enable-lease-checkpoint-persist": "LeaseCheckpointPersist",
        "experimental-stop-grpc-service-on-defrag": "StopGRPCServiceOnDefrag",
        "experimental-txn-mode-write-with-shared-buffer": "TxnModeWriteWithSharedBuffer",
    }
)
"""The flags of 3.5 and 3.6, each with the feature gate that replaces it."""

GATE_NAMES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "FastLeaseKeepAlive": (3, 7),
        "LeaseCheckpoint": (3, 6),
        "LeaseCheckpointPersist": (3, 6),
        "PriorityRequest": (3, 7),
        "SetMemberLocalAddr": (3, 6),
        "StopGRPCServiceOnDefrag": (3, 6),
        "TxnModeWriteWithSharedBuffer": (3, 6),
    }
)
"""The feature gates that a stack may set, each with its first version."""

OWN_GATES: Mapping[str, str] = MappingProxyType(
    {
        "AllAlpha": "it includes InitialCorruptCheck, which stops the members whose data is right",
        "AllBeta": "name the gates one by one, so that an upgrade does not add others",
        "CompactHashCheck": "the program sets it to true on every member",
        "InitialCorruptCheck": "it stops the members whose data is right",
    }
)
"""The feature gates that a stack may not set, each with the reason."""

OWN_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "auto-compaction-mode": "compactionMode",
        "auto-compaction-retention": "compactionRetention",
        "election-timeout": "electionMs",
        "grpc-keepalive-interval": "keepaliveInterval",
        "grpc-keepalive-min-time": "keepaliveMinTime",
        "grpc-keepalive-timeout": "keepaliveTimeout",
        "heartbeat-interval": "heartbeatMs",
        "log-level": "logLevel",
        "max-request-bytes": "maxRequestBytes",
        "max-txn-ops": "maxTxnOps",
        "quota-backend-bytes": "quotaGiB",
        "snapshot-count": "snapshotCount",
    }
)
"""The flags with a key of their own, without ``etcd:``."""

_OWNED: Mapping[str, tuple[str, ...]] = {
    "the program sets it on every member": (
        "advertise-client-urls",
        "cert-file",
        "client-cert-auth",
        "data-dir",
        "experimental-compact-hash-check-enabled",
        "initial-advertise-peer-urls",
        "initial-cluster",
        "initial-cluster-state",
        "initial-cluster-token",
        "key-file",
        "listen-client-urls",
        "listen-metrics-urls",
        "listen-peer-urls",
        "logger",
        "name",
        "peer-cert-file",
        "peer-client-cert-auth",
        "peer-key-file",
        "peer-trusted-ca-file",
        "trusted-ca-file",
    ),
    "the program issues and checks the members' certificates": (
        "auto-tls",
        "client-cert-allowed-hostname",
        "client-cert-file",
        "client-key-file",
        "experimental-peer-skip-client-san-verification",
        "peer-auto-tls",
        "peer-cert-allowed-cn",
        "peer-cert-allowed-hostname",
        "peer-client-cert-file",
        "peer-client-key-file",
        "peer-skip-client-san-verification",
        "self-signed-cert-validity",
    ),
    "members and health checks use etcd's JSON gateway on the client port": (
        "enable-grpc-gateway",
        "listen-client-http-urls",
    ),
    "clients authenticate with certificates, and without passwords there are no tokens": ("auth-token",),
    "it names a file, and droplets have no such file": (
        "client-crl-file",
        "config-file",
        "peer-crl-file",
        "wal-dir",
    ),
    "members find each other through the DigitalOcean API": (
        "discovery",
        "discovery-cacert",
        "discovery-cert",
        "discovery-dial-timeout",
        "discovery-endpoints",
        "discovery-fallback",
        "discovery-insecure-skip-tls-verify",
        "discovery-insecure-transport",
        "discovery-keepalive-time",
        "discovery-keepalive-timeout",
        "discovery-key",
        "discovery-password",
        "discovery-proxy",
        "discovery-request-timeout",
        "discovery-srv",
        "discovery-srv-name",
        "discovery-token",
        "discovery-user",
    ),
    "it can lose data": ("force-new-cluster", "unsafe-no-fsync"),
    "changing members safely depends on etcd's default": (
        "max-learners",
        "pre-vote",
        "strict-reconfig-check",
    ),
    "one of two programs on a port would answer for the other": ("socket-reuse-address", "socket-reuse-port"),
    "the members' journal has etcd's log, and the status page reads it there": (
        "enable-log-rotation",
        "log-format",
        "log-outputs",
        "log-rotation-config-json",
    ),
    "etcd's unit may not lock memory": ("experimental-memory-mlock", "memory-mlock"),
    "it stops the members whose data is right": ("experimental-initial-corrupt-check",),
    "its value must differ between members, and all members get the same flags": (
        "distributed-tracing-instance-id",
        "experimental-distributed-tracing-instance-id",
    ),
    "the program supports etcd's API v3 only": (
        "enable-v2",
        "experimental-enable-v2v3",
        "proxy",
        "proxy-dial-timeout",
        "proxy-failure-wait",
        "proxy-read-timeout",
        "proxy-refresh-interval",
        "proxy-write-timeout",
        "v2-deprecation",
    ),
    "it ends etcd": ("help", "version"),
}

OWNED: Mapping[str, str] = MappingProxyType(
    {flag: reason for reason, flags in _OWNED.items() for flag in flags}
)
"""The flags that a stack may not set, each with the reason."""


def known_flags(version: tuple[int, int]) -> Mapping[str, Value]:
    """The flags that a stack may set with this minor version, which is one of ``VERSIONS``."""
    flags = dict(UNCHANGED)
    if version < (3, 7):
        flags |= {EXPERIMENTAL + name: value for name, value in RENAMED.items()}
        flags |= dict.fromkeys(BECAME_GATES, BOOLEAN)
    if version >= GATES_SINCE:
        flags |= {**RENAMED, **NEW}
    if version == (3, 6):
        flags["experimental-warning-unary-request-duration"] = DURATION
    return flags


def ownership_problem(name: str) -> str:
    """Why no stack may set the flag, and what to do; empty if a stack may."""
    if name in OWN_KEYS:
        return f"{name} has a key of its own: set {key_of(OWN_KEYS[name])} instead"
    return f"{name} cannot be set: {OWNED[name]}. Remove it" if name in OWNED else ""


def flag_problems(name: str, value: str, version: str) -> Iterator[str]:
    """Why etcd ``version`` would not accept a flag that no other rule refuses, and what to do."""
    minor = minor_version(version)
    text = f"{minor[0]}.{minor[1]}"
    if minor not in VERSIONS:
        yield (
            f"this program knows no flags of etcd {text}, which ignores those that it does not know. Remove all of "
            f"{key_of('extraFlags')} before you set this version"
        )
        return
    known = known_flags(minor)
    if name not in known:
        yield f"etcd {text} does not know {name}: {_replacement(name, value, minor)}"
    elif not re.fullmatch(known[name].pattern, value):
        yield f"write {name} with {known[name].example}"
    elif name == FEATURE_GATES:
        yield from _gate_problems(value, minor)


def conflicts(flags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The flags, with their values, that etcd does not accept beside another one: name, and what to do."""
    gates = dict(gate.split("=") for gate in flags.get(FEATURE_GATES, "").split(",") if gate)
    for name in flags:
        current = name.removeprefix(EXPERIMENTAL)
        if name != current and current in flags:
            yield name, f"it is the old name of {current}, which is set as well: remove it"
        gate = BECAME_GATES.get(name, FEATURE_GATES)
        if gate in gates:
            yield name, f"the gate {gate} is set as well: remove it"
        # etcd 3.6 looks for the gate's name anywhere in the text (SetFeatureGatesFromExperimentalFlags).
        elif gate in flags.get(FEATURE_GATES, ""):
            joined = f"{flags[FEATURE_GATES]},{gate}={flags[name]}"
            yield (
                name,
                f"etcd accepts it beside no gate whose name begins with {gate}: remove it, and write "
                f"{FEATURE_GATES}={joined}",
            )
    if flags.get("tls-min-version") == "TLS1.3":
        if flags.get("tls-max-version") == "TLS1.2":
            yield "tls-max-version", "it is lower than tls-min-version: remove one of them"
        if "cipher-suites" in flags:
            yield "cipher-suites", "etcd accepts none with tls-min-version=TLS1.3: remove one of them"
    old_persist, old_checkpoint = (f"experimental-enable-lease-checkpoint{end}" for end in ("-persist", ""))
    persist, checkpoint = BECAME_GATES[old_persist], BECAME_GATES[old_checkpoint]
    if "true" not in {gates.get(checkpoint), flags.get(old_checkpoint)}:
        if gates.get(persist) == "true":
            yield FEATURE_GATES, f"{persist} needs {checkpoint}=true as well"
        if flags.get(old_persist) == "true":
            needed = f"the gate {checkpoint}" if checkpoint in gates else old_checkpoint
            yield old_persist, f"it needs {needed}=true as well"


def _replacement(name: str, value: str, minor: tuple[int, int]) -> str:
    known = known_flags(minor)
    gate = BECAME_GATES.get(name)
    if gate and minor >= GATES_SINCE:
        return f"write {FEATURE_GATES}={gate}={value} instead, and join it to other gates with a comma"
    for other in (name.removeprefix(EXPERIMENTAL), EXPERIMENTAL + name):
        if other in known:
            return f"write {other}={value} instead"
    if nearest := get_close_matches(name, known, n=1):
        return f"write {nearest[0]}={value} if you meant that, or remove it"
    return "remove it, or look its name up in etcd --help of this version"


def _gate_problems(value: str, minor: tuple[int, int]) -> Iterator[str]:
    names = [gate.split("=")[0] for gate in value.split(",")]
    known = sorted(name for name, since in GATE_NAMES.items() if since <= minor)
    for name in names:
        if name in OWN_GATES:
            yield f"the gate {name} cannot be set: {OWN_GATES[name]}. Remove it"
        elif name not in known:
            yield f"etcd {minor[0]}.{minor[1]} has no gate {name}: use {', '.join(known)}"
    if len(set(names)) < len(names):
        yield "name each gate once"
