"""Valid settings, for tests that change a few of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from components.config.settings import Settings

VALID: Mapping[str, Any] = MappingProxyType(
    {
        "domain": "etcd.example.com",
        "zone": "example.com",
        "discoveryToken": "t",
        "clientCidrs": ["198.51.100.0/24"],
    }
)
"""The keys that have no default, and the zone."""

BACKUPS: Mapping[str, Any] = MappingProxyType(
    {"backupBucket": "backups", "backupAccessKey": "access", "backupSecretKey": "the-secret"}
)
"""The keys that turn backups on."""


def settings(**changes: Any) -> Settings:
    """Settings with these keys of ``etcd:`` changed."""
    return Settings.model_validate({**VALID, **changes})
