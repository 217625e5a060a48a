"""etcd starts with every flag that a stack may set, and the tables of flags have every flag that etcd knows."""

from __future__ import annotations

import re
import subprocess

import pytest

from components.config.etcd_flags import (
    BOOLEAN,
    DURATION,
    EXPERIMENTAL,
    GATE_NAMES,
    GATES,
    NUMBER,
    OWN_GATES,
    OWN_KEYS,
    OWNED,
    TEXT,
    TLS_VERSION,
    Value,
    known_flags,
)
from components.config.etcd_settings import etcd_flags
from components.shared.versions import minor_version
from localcloud.toolchain.etcd import VERSIONS, ensure_release
from tests.unit.components.config.valid_settings import settings

from .lab import Lab

SAMPLES = {
    BOOLEAN: "true",
    NUMBER: "10",
    DURATION: "30s",
    TEXT: "127.0.0.1:4317",
    TLS_VERSION: "TLS1.2",
}
OTHER_SAMPLES = {
    "cipher-suites": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "cors": "https://ui.example.com:443",
    "host-whitelist": "*",
}
HIDDEN = {"config-file", "experimental-snapshot-catchup-entries", "help", "version"}
"""Flags that etcd knows, and the list of flags in its help leaves out."""


@pytest.mark.parametrize("version", VERSIONS)
def test_the_tables_of_flags_agree_with_etcds_help(version: str) -> None:
    etcd = ensure_release(version).binaries / "etcd"
    shown = subprocess.run([etcd, "--help"], capture_output=True, text=True, check=True)
    named = set(re.findall(r"^ +--([a-z0-9-]+)", shown.stdout + shown.stderr, re.MULTILINE))
    allowed = set(known_flags(minor_version(version)))
    assert named - allowed - {*OWNED, *OWN_KEYS} == set()
    assert allowed - named - HIDDEN == set()
    gates = set(re.findall(r"^ +(\w+)=true\|false", shown.stdout + shown.stderr, re.MULTILINE))
    expected = {name for name, since in GATE_NAMES.items() if since <= minor_version(version)}
    assert gates - expected == (set(OWN_GATES) if expected else set())
    assert expected <= gates


@pytest.mark.parametrize(
    ("version", "names"),
    [(VERSIONS[0], "old"), (VERSIONS[1], "old"), (VERSIONS[1], "new"), (VERSIONS[2], "new")],
)
def test_etcd_starts_with_every_flag_that_a_stack_may_set(lab: Lab, version: str, names: str) -> None:
    flags = [f"{name}={value}" for name, value in every_flag(version, names).items()]
    stack = settings(
        version=version,
        releaseSha256="0" * 64,
        extraFlags=flags,
        maxRequestBytes=3145728,
        maxTxnOps=1024,
        snapshotCount=5000,
        keepaliveMinTime="10s",
        keepaliveInterval="1h",
        keepaliveTimeout="10s",
    )
    variables = etcd_flags(stack)
    assert len(variables) == len(flags) + 6
    lab.binaries = ensure_release(version).binaries
    (node,) = lab.bootstrap(1, version=version, flags=variables)
    assert "unrecognized environment variable" not in node.log
    for variable in variables:
        name, _, value = variable.partition("=")
        assert f'"variable-name":"{name}","variable-value":"{value}"' in node.log


def every_flag(version: str, names: str) -> dict[str, str]:
    """All flags of a version with a value, each under its old name or its new one."""
    known = known_flags(minor_version(version))
    renamed = {name: EXPERIMENTAL + name for name in known if EXPERIMENTAL + name in known}
    left_out = set(renamed) if names == "old" else {name for name in known if name.startswith(EXPERIMENTAL)}
    gates = ["SetMemberLocalAddr"] if names == "old" else sorted(GATE_NAMES)
    return {
        name: sample(name, value, gates, version) for name, value in known.items() if name not in left_out
    }


def sample(name: str, value: Value, gates: list[str], version: str) -> str:
    if value is GATES:
        return ",".join(f"{gate}=true" for gate in gates if GATE_NAMES[gate] <= minor_version(version))
    return OTHER_SAMPLES.get(name) or SAMPLES.get(value) or value.pattern.split("|")[0]
