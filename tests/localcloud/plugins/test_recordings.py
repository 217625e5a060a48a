"""The stand-in plugins answer every recorded request like the real plugins."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from localcloud.plugins.cloudflare.provider import Cloudflare
from localcloud.plugins.digitalocean.provider import DigitalOcean
from localcloud.plugins.provider import Provider
from localcloud.plugins.tls.provider import Tls

from . import recording
from .conftest import Serve
from .recorded_api import Recorded, RecordedApi
from .recording import Exchange
from .sample_keys import with_key_material

COMPARED = {
    "cloudflare-absent-update": 10,
    "cloudflare-create": 10,
    "cloudflare-noop": 9,
    "cloudflare-refresh": 3,
    "cloudflare-update": 11,
    "cloudflare-vanished": 11,
    "digitalocean-badsize": 19,
    "digitalocean-create": 23,
    "digitalocean-inplace": 21,
    "digitalocean-noop": 15,
    "digitalocean-recover": 18,
    "digitalocean-refresh": 13,
    "digitalocean-replace": 19,
    "digitalocean-size": 17,
    "digitalocean-vanished": 22,
    "tls-create-renew": 43,
}
"""The number of compared exchanges in each recording: all that the plugin answered."""

RECORDED_AT = datetime(2026, 11, 23, 20, 51, 6, tzinfo=UTC)
"""The time at which the recorded certificate's renewal window was extended."""

OWN_TO_EACH_RUN = {
    "id",
    "publicKeyFingerprintMd5",
    "publicKeyFingerprintSha256",
    "publicKeyOpenssh",
    "validityStartTime",
    "validityEndTime",
}
"""Ids, times and key material of the TLS provider."""

REQUESTS = {"Check": "CheckRequest", "CheckConfig": "CheckRequest", "DiffConfig": "DiffRequest"}


def provider_of(name: str) -> Provider:
    return {
        "cloudflare": Cloudflare,
        "digitalocean": DigitalOcean,
        "tls": lambda: Tls(lambda: RECORDED_AT),
    }[name.partition("-")[0]]()


def answer(
    plugin: provider_pb2_grpc.ResourceProviderStub, exchange: Exchange, request: dict[str, Any]
) -> Any:
    message = getattr(provider_pb2, REQUESTS.get(exchange.method, f"{exchange.method}Request"))()
    try:
        response = getattr(plugin, exchange.method)(ParseDict(request, message))
    except grpc.RpcError as error:
        return [f"rpc error: code = {error.code().name.capitalize()} desc = {error.details()}"]
    return MessageToDict(response)


def expected(exchange: Exchange) -> Any:
    if exchange.errors:
        return list(exchange.errors)
    # An empty message equals one whose properties are all empty.
    return {key: value for key, value in exchange.response.items() if value != {}}


def for_comparison(name: str, value: Any) -> Any:
    value = recording.comparable(value)
    if name.startswith("tls") and isinstance(value, dict):
        for properties in (value, value.get("properties", {})):
            for key in OWN_TO_EACH_RUN & properties.keys():
                if properties[key] != recording.UNKNOWN:
                    properties[key] = "differs from run to run"
    return {key: inner for key, inner in value.items() if inner != {}} if isinstance(value, dict) else value


def lacks_names(exchange: Exchange, got: Any) -> bool:
    given = recording.GIVEN.get(exchange.request.get("urn", "").rpartition("::")[2], {})
    if isinstance(got, list):
        return False
    parts = [part for part in (got.get("inputs"), got.get("properties")) if part]
    return any(not given.items() <= part.items() for part in parts)


@pytest.mark.parametrize("name", COMPARED)
def test_every_recorded_request_gets_the_real_plugins_answer(name: str, serve: Serve) -> None:
    compared: Counter[str] = Counter()
    # A preview and its run read the same objects: only the recordings of HTTP contain the repetitions.
    repeated: set[str] = set()
    with RecordedApi([Recorded(**entry) for entry in recording.http_exchanges(name)]) as api:
        plugin = serve(provider_of(name))
        for exchange in recording.exchanges(name):
            if not exchange.answered:
                continue
            sent_before = len(api.order)
            local = json.dumps(recording.completed(exchange)).replace(recording.RECORDED_URL, api.url)
            got = answer(plugin, exchange, with_key_material(json.loads(local)))
            got = json.loads(json.dumps(got).replace(api.url, recording.RECORDED_URL))
            assert for_comparison(name, got) == for_comparison(name, expected(exchange)), str(exchange)
            assert not lacks_names(exchange, got), f"{exchange} lost the name or the type"
            sent = api.order[sent_before:]
            assert api.unexpected == [], f"{exchange} sent requests that were not recorded"
            assert sent == sorted(sent), f"{exchange} sent its requests in another order than recorded"
            if exchange.method in ("Read", "Invoke"):
                repeated |= {str(api.recorded[index]) for index in sent}
            compared[str(exchange)] += 1
    print(f"{name}: {compared.total()} exchanges compared")
    assert [str(entry) for entry in api.never_sent(repeated)] == []
    assert compared.total() == COMPARED[name]


def test_every_recording_is_compared() -> None:
    recorded = {path.name.removesuffix(".grpc.jsonl") for path in recording.RECORDINGS.glob("*.grpc.jsonl")}
    assert recorded == COMPARED.keys()


def test_every_exchange_with_a_real_answer_is_compared() -> None:
    answered = {name: sum(one.answered for one in recording.exchanges(name)) for name in COMPARED}
    assert answered == COMPARED
