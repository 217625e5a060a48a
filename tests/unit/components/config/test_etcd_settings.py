"""The settings with which operators tune etcd."""

from __future__ import annotations

from typing import Any

import pytest

from components.config.etcd_flags import (
    BECAME_GATES,
    FEATURE_GATES,
    OWN_KEYS,
    OWNED,
    VERSIONS,
    flag_problems,
    known_flags,
)
from components.config.etcd_settings import etcd_flags
from components.config.unknown_keys import setting_keys
from tests.unit.components.config.configuration_errors import validation_errors
from tests.unit.components.config.invalid_settings import BAD_FLAGS
from tests.unit.components.config.valid_settings import settings

OLD = {"version": "3.5.33"}
NEXT = {"version": "3.7.1", "releaseSha256": "a" * 64}


def test_the_defaults_are_those_of_etcd_so_members_get_no_flag() -> None:
    assert etcd_flags(settings()) == ()


def test_a_changed_key_becomes_a_variable_of_etcd() -> None:
    changed = settings(
        maxRequestBytes=3145728,
        maxTxnOps=1024,
        snapshotCount=5000,
        keepaliveMinTime="10s",
        keepaliveInterval="30s",
        keepaliveTimeout="500ms",
        logLevel="warn",
        extraFlags=["auth-token-ttl=600"],
    )
    assert etcd_flags(changed) == (
        "ETCD_AUTH_TOKEN_TTL=600",
        "ETCD_GRPC_KEEPALIVE_INTERVAL=30s",
        "ETCD_GRPC_KEEPALIVE_MIN_TIME=10s",
        "ETCD_GRPC_KEEPALIVE_TIMEOUT=500ms",
        "ETCD_LOG_LEVEL=warn",
        "ETCD_MAX_REQUEST_BYTES=3145728",
        "ETCD_MAX_TXN_OPS=1024",
        "ETCD_SNAPSHOT_COUNT=5000",
    )


def test_feature_gates_keep_the_one_that_members_set_themselves() -> None:
    gates = settings(extraFlags=["feature-gates=LeaseCheckpoint=true"])
    assert etcd_flags(gates) == ("ETCD_FEATURE_GATES=CompactHashCheck=true,LeaseCheckpoint=true",)


@pytest.mark.parametrize(("changes", "expected"), BAD_FLAGS)
def test_an_error_names_the_flag_and_says_what_to_do(changes: dict[str, Any], expected: str) -> None:
    (error,) = validation_errors(**changes)
    assert error.startswith(expected), error


@pytest.mark.parametrize(
    "flag",
    [
        "auth-token=simple",
        "client-cert-auth=false",
        "client-cert-allowed-hostname=etcd.example.com",
        "trusted-ca-file=/etc/etcd/other.pem",
        "client-crl-file=/etc/etcd/crl.pem",
        "enable-grpc-gateway=false",
        "listen-client-http-urls=https://0.0.0.0:2378",
        "peer-client-cert-auth=false",
        "peer-trusted-ca-file=/etc/etcd/ca.pem",
    ],
)
def test_no_flag_changes_who_is_let_in_or_how_members_are_asked(flag: str) -> None:
    (error,) = validation_errors(extraFlags=[flag])
    assert error.startswith(f"etcd:extraFlags[0] is {flag}: {flag.partition('=')[0]} cannot be set: ")


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("experimental-corrupt-check-time=1h", "write corrupt-check-time=1h instead"),
        (
            "experimental-enable-lease-checkpoint=true",
            "write feature-gates=LeaseCheckpoint=true instead",
        ),
        ("experimental-warning-unary-request-duration=1s", "write warning-unary-request-duration=1s instead"),
    ],
)
def test_an_upgrade_to_a_version_without_a_flag_names_its_new_name(flag: str, words: str) -> None:
    assert settings(extraFlags=[flag]).extra_flags == (flag,)
    (error,) = validation_errors(extraFlags=[flag], **NEXT)
    assert error.startswith(f"etcd:extraFlags is {flag}: etcd 3.7 does not know ")
    assert words in error
    # The advice can be followed before the upgrade as well as with it.
    advised = [words.split()[1]]
    assert settings(extraFlags=advised).extra_flags == settings(extraFlags=advised, **NEXT).extra_flags


def test_advice_leads_two_flags_that_became_gates_to_one_list_of_gates() -> None:
    flags = [
        "experimental-enable-lease-checkpoint=true",
        "experimental-enable-lease-checkpoint-persist=true",
    ]
    for position in range(2):
        (error,) = validation_errors(extraFlags=flags, **NEXT)
        flags[position] = error.partition(": write ")[2].split()[0]
    (error,) = validation_errors(extraFlags=flags, **NEXT)
    advised = error.rpartition(" ")[2]
    assert advised == "feature-gates=LeaseCheckpoint=true,LeaseCheckpointPersist=true"
    assert settings(extraFlags=[advised], **NEXT).extra_flags == (advised,)


def test_a_gate_may_satisfy_the_need_of_a_flag_that_became_one() -> None:
    pair = ("experimental-enable-lease-checkpoint-persist=true", "feature-gates=LeaseCheckpoint=true")
    assert settings(extraFlags=[*pair]).extra_flags == pair


def test_every_flag_of_3_5_has_a_way_to_3_7() -> None:
    for name in known_flags((3, 5)):
        if name not in known_flags((3, 7)):
            (problem,) = flag_problems(name, "1s", "3.7.1")
            new = problem.partition(": write ")[2].split("=")[0]
            assert new in known_flags((3, 7))
            assert new == FEATURE_GATES or new in known_flags((3, 6))


def test_a_flag_is_either_allowed_or_owned_and_its_own_key_exists() -> None:
    allowed = {name for version in VERSIONS for name in known_flags(version)}
    assert not allowed & {*OWNED, *OWN_KEYS}
    assert not OWNED.keys() & OWN_KEYS.keys()
    assert set(OWN_KEYS.values()) <= set(setting_keys())
    assert BECAME_GATES.keys() <= allowed
