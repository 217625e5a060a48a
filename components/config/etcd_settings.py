"""The settings with which operators tune etcd, as the flags that members start it with."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from .errors import ConflictingSettingsError
from .etcd_flags import FEATURE_GATES, conflicts, flag_problems, ownership_problem
from .values import ListOf

KEEPALIVE = re.compile(r"[1-9][0-9]{0,5}(ms|s|m|h)")
FLAG = re.compile(r"[a-z0-9][a-z0-9-]*=[!-~]+")
UNSAFE = re.compile(r"[\\\"'`$]")
"""Characters that the environment file of a systemd unit may treat in a way of its own."""
FEWEST_ENTRIES = 100
MOST_ENTRIES = 10_000
OWN_GATES = "CompactHashCheck=true"
"""The feature gates that members set themselves, from etcd 3.6 on."""


def _entries(value: int) -> int:
    if value and not FEWEST_ENTRIES <= value <= MOST_ENTRIES:
        raise ValueError(
            f"use {FEWEST_ENTRIES} to {MOST_ENTRIES}, or 0 for etcd's own default. Before an upgrade to 3.7, every "
            f"member must write a snapshot, and the program makes it do so with {MOST_ENTRIES} entries"
        )
    return value


def _interval(value: str) -> str:
    if not KEEPALIVE.fullmatch(value):
        raise ValueError("write a duration such as 20s, 2h or 500ms. With 0 etcd takes its own default")
    return value


def _extra_flag(flag: str) -> str:
    if not FLAG.fullmatch(flag):
        raise ValueError(
            "write NAME=VALUE: the flag's name in lower case, as etcd --help has it after its two dashes, and a value "
            "without spaces, such as auth-token-ttl=600"
        )
    name, _, value = flag.partition("=")
    if problem := ownership_problem(name):
        raise ValueError(problem)
    if UNSAFE.search(value):
        raise ValueError("a value cannot contain quotes, backslashes and dollar signs: remove them")
    return flag


class EtcdSettings(BaseModel):
    """The keys of a stack's configuration that become flags of etcd as they are."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    max_request_bytes: Annotated[int, Field(ge=65536, le=10485760)] = 1572864
    """The largest request of a client in bytes. etcd recommends at most 10 MiB."""
    max_txn_ops: Annotated[int, Field(ge=16, le=65536)] = 128
    """The most operations of one transaction."""
    snapshot_count: Annotated[int, AfterValidator(_entries)] = 0
    """Entries of the log after which a member writes a snapshot; 0 is etcd's own default.

    It is 10,000 in 3.6 and newer, and 100,000 in 3.5.
    """
    keepalive_min_time: Annotated[str, AfterValidator(_interval)] = "5s"
    """The shortest time between two gRPC pings of a client. etcd disconnects a client that sends more."""
    keepalive_interval: Annotated[str, AfterValidator(_interval)] = "2h"
    """The time without traffic after which a member pings a client."""
    keepalive_timeout: Annotated[str, AfterValidator(_interval)] = "20s"
    """The time after which a member disconnects a client that does not answer a ping."""
    log_level: Literal["debug", "info", "warn", "error"] = "info"
    """The least important lines that etcd logs."""
    extra_flags: ListOf[Annotated[str, AfterValidator(_extra_flag)]] = ()
    """Other flags of etcd, each as ``NAME=VALUE``, without dashes."""

    def check_flags(self, version: str) -> None:
        """Raise ``ConflictingSettingsError`` if etcd ``version`` would not accept all extra flags."""
        flags: dict[str, str] = {}
        for flag in self.extra_flags:
            name, _, value = flag.partition("=")
            for problem in flag_problems(name, value, version):
                raise ConflictingSettingsError("extraFlags", flag, problem)
            if name in flags:
                remedy = (
                    f"join the gates with a comma, such as {name}={flags[name]},{value}"
                    if name == FEATURE_GATES
                    else "remove one"
                )
                raise ConflictingSettingsError("extraFlags", flag, f"{name} is set twice: {remedy}")
            flags[name] = value
        for name, problem in conflicts(flags):
            raise ConflictingSettingsError("extraFlags", f"{name}={flags[name]}", problem)


def etcd_flags(settings: EtcdSettings) -> tuple[str, ...]:
    """The variables of etcd's environment file for all keys that differ from their default, as ``NAME=VALUE``."""
    keys = {
        "max-request-bytes": "max_request_bytes",
        "max-txn-ops": "max_txn_ops",
        "snapshot-count": "snapshot_count",
        "grpc-keepalive-min-time": "keepalive_min_time",
        "grpc-keepalive-interval": "keepalive_interval",
        "grpc-keepalive-timeout": "keepalive_timeout",
        "log-level": "log_level",
    }
    flags = {
        flag: str(value)
        for flag, name in keys.items()
        if (value := getattr(settings, name)) != EtcdSettings.model_fields[name].default
    }
    for flag in settings.extra_flags:
        name, _, value = flag.partition("=")
        flags[name] = f"{OWN_GATES},{value}" if name == FEATURE_GATES else value
    return tuple(f"ETCD_{name.upper().replace('-', '_')}={value}" for name, value in sorted(flags.items()))
