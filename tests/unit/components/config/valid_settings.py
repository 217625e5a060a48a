"""Settings that are valid, for tests that change a few of them."""

from __future__ import annotations

from typing import Any

from components.config.settings import Settings


def settings(**changes: Any) -> Settings:
    """Settings with these keys of ``etcd:`` changed."""
    return Settings.model_validate(
        {
            "domain": "etcd.example.com",
            "zone": "example.com",
            "discoveryToken": "t",
            "clientCidrs": ["198.51.100.0/24"],
            **changes,
        }
    )
