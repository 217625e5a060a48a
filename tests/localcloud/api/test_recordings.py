"""Replays recorded requests of the real provider plugins; each answer must have the recorded status and fields."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from localcloud.tokens import CLOUDFLARE_TOKEN

RECORDINGS = Path(__file__).parent.parent / "plugins" / "recordings"
STUBS_OWN = {"snapshot_id"}
"""Fields of the recorded answers that the published API has only in requests."""
RECORDED_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0000000000000000000000000000000000000000000 op"
VALID_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA op"


def exchanges(scenario: str) -> list[dict[str, Any]]:
    text = (RECORDINGS / f"{scenario}.http.jsonl").read_text()
    text = text.replace(RECORDED_KEY, VALID_KEY).replace("example.com", "example.test")
    return [json.loads(line) for line in text.splitlines() if line.strip()]


class Replay:
    """Sends recorded requests, and replaces the recorded ids by the current ones."""

    def __init__(self, client: httpx.Client, settle: Callable[[], None]) -> None:
        self._client = client
        self._settle = settle
        self._ids: dict[str, str] = {}

    def _today(self, text: str) -> str:
        # Whole words, all at once: a random id of ours can contain a recorded one.
        return re.sub(r"[\w:-]+", lambda word: self._ids.get(word[0], word[0]), text)

    def play(self, scenario: str) -> None:
        for exchange in exchanges(scenario):
            what = f"{scenario}: {exchange['method']} {exchange['path']}"
            body = (
                None
                if exchange["request"] is None
                else json.loads(self._today(json.dumps(exchange["request"])))
            )
            answer = self._client.request(exchange["method"], self._today(exchange["path"]), json=body)
            self._settle()
            assert answer.status_code == exchange["status"], f"{what}: {answer.text}"
            if exchange["response"] is not None:
                self._compare(exchange["response"], answer.json(), what)

    def _compare(self, recorded: Any, ours: Any, where: str) -> None:
        if isinstance(recorded, dict) and isinstance(ours, dict):
            for field, value in recorded.items():
                if field in STUBS_OWN:
                    continue
                assert field in ours, f"{where}: no {field}"
                if field in {"id", "fingerprint"} and len(str(value)) >= 4:
                    self._ids[str(value)] = str(ours[field])
                self._compare(value, ours[field], f"{where}.{field}")
        elif isinstance(recorded, list) and isinstance(ours, list):
            for one, other in zip(recorded, ours, strict=False):
                self._compare(one, other, where)

    def our_id(self, recorded: str) -> str:
        return self._ids[recorded]


def test_requests_of_the_digitalocean_plugin_get_the_recorded_answers(lab, http: httpx.Client) -> None:
    replay = Replay(http, lab.settle)
    for scenario in ("create", "noop", "refresh", "inplace", "size", "replace"):
        replay.play(f"digitalocean-{scenario}")
    assert http.delete(f"/v2/droplets/{replay.our_id('1010')}").status_code == 204
    lab.settle()
    for scenario in ("vanished", "badsize", "recover"):
        replay.play(f"digitalocean-{scenario}")


@pytest.fixture
def cloudflare_http(lab) -> Any:
    with lab.client("cloudflare", CLOUDFLARE_TOKEN) as client:
        yield client


def test_requests_of_the_cloudflare_plugin_get_the_recorded_answers(
    lab, cloudflare_http: httpx.Client
) -> None:
    replay = Replay(cloudflare_http, lab.settle)
    zone = "/client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353/dns_records"
    for scenario in ("create", "noop", "refresh", "update"):
        replay.play(f"cloudflare-{scenario}")
    for recorded, scenario in [
        ("8f19886094ea40e0ace89552671e822c", "vanished"),
        ("f8170693c35a439c8e3f189f8be41418", "absent-update"),
    ]:
        assert cloudflare_http.delete(f"{zone}/{replay.our_id(recorded)}").status_code == 200
        replay.play(f"cloudflare-{scenario}")
