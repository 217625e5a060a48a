"""The probe tells whether actions lock a droplet, and relies on it nowhere."""

from __future__ import annotations

from typing import Any, cast

import httpx
import pytest

from acceptance import probe
from acceptance.account import Account
from acceptance.probe import Probe
from tests.unit.components.config.valid_settings import settings


class OneDroplet:
    """An account with a droplet on which each action is in progress for some looks. Two at a time are an error."""

    def __init__(self, *, locks: bool) -> None:
        self._locks = locks
        self._left = 2
        public = {"type": "public", "ip_address": "192.0.2.1"}
        self.droplet: dict[str, Any] = {"status": "active", "networks": {"v4": [public]}}

    def get(self, path: str) -> dict[str, Any]:
        busy = self._left > 0
        if path == "/v2/droplets/1":
            self._left -= 1
            return {"droplet": {**self.droplet, "locked": self._locks and busy}}
        action = {"status": "in-progress" if busy else "errored"}
        return {"actions": [action]} if path.startswith("/v2/droplets/1/") else {"action": action}

    def post(self, path: str, body: object) -> dict[str, Any]:
        assert self._left <= 0, "Droplet already has a pending event."
        self._left = 2
        return {"action": {"id": 7}}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "INTERVAL", 0)


def of(account: OneDroplet) -> Probe:
    return Probe(cast("Account", account), settings(), "etcd-test", lambda _: None)


@pytest.mark.parametrize("locks", [True, False])
def test_the_probe_tells_whether_a_blocked_shutdown_locks(locks: bool) -> None:
    seen = of(OneDroplet(locks=locks))._blocked_shutdown(1)
    assert seen["locked"] == locks
    assert seen["seconds until the action ended"] is not None
    assert (seen["seconds until the droplet was unlocked"] is None) == (not locks)


@pytest.mark.parametrize("locks", [True, False])
def test_the_probe_tells_whether_a_creation_and_a_shutdown_lock(
    locks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = OneDroplet(locks=locks)
    assert of(account)._wait_active(1) == ("192.0.2.1", locks)
    monkeypatch.setattr(
        httpx, "post", lambda *_, **__: httpx.Response(200, request=httpx.Request("POST", "http://x"))
    )
    account.droplet["status"] = "off"
    assert of(account)._shutdown(1, "http://x")["locked"] == locks
