"""Reads recorded answers of the real plugins, so that they can be replayed and compared.

The recorder dropped every key ``name`` and ``type`` from properties, and replaced key material.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).parent / "recordings"
RECORDED_URL = "http://127.0.0.1:18080"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SECRET_KEY = "4dabf18193072939515e22adb298388d"

GIVEN = {
    "cluster": {"name": "etcd-demo"},
    "net": {"name": "etcd-demo"},
    "fw": {"name": "etcd-demo"},
    "key": {"name": "op"},
    "data-1": {"name": "etcd-demo-1"},
    "m1": {"name": "etcd-server-1.example.com"},
    "r1": {"name": "etcd-server-1.example.com", "type": "A"},
}
"""The recorded program's values of ``name`` and ``type``, by the resource's logical name."""

ZONE_NAME = "example.com"


@dataclass(frozen=True)
class Exchange:
    """One request of the engine and the real plugin's answer."""

    method: str
    request: dict[str, Any]
    response: dict[str, Any]
    errors: tuple[str, ...]

    @property
    def subject(self) -> str:
        """The type of the resource, or the name of the function."""
        if "tok" in self.request:
            return self.request["tok"]
        return self.request["urn"].split("::")[2]

    @property
    def answered(self) -> bool:
        """Whether the plugin answered before the engine closed the connection."""
        return not any("code = Canceled" in error for error in self.errors)

    def __str__(self) -> str:
        preview = " (preview)" if self.request.get("preview") else ""
        return f"{self.method} {self.subject}{preview}"


def exchanges(name: str) -> list[Exchange]:
    """Return the recorded exchanges between the engine and the plugin."""
    return [
        Exchange(entry["method"], entry["request"], entry["response"], tuple(entry.get("errors", ())))
        for entry in _lines(RECORDINGS / f"{name}.grpc.jsonl")
    ]


def http_exchanges(name: str) -> list[dict[str, Any]]:
    """Return the recorded exchanges between the plugin and the API."""
    path = RECORDINGS / f"{name}.http.jsonl"
    return _lines(path) if path.exists() else []


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def completed(exchange: Exchange) -> dict[str, Any]:
    """Return the request with the names and types that the recorder dropped."""
    request = json.loads(json.dumps(exchange.request))
    if exchange.method == "Invoke" and "filter" in request["args"]:
        request["args"]["filter"]["name"] = ZONE_NAME
    given = GIVEN.get(request.get("urn", "").rpartition("::")[2], {})
    for key in ("news", "olds", "oldInputs", "properties", "inputs"):
        if request.get(key) or (key in ("news", "properties") and key in request):
            request[key] |= given
    return request


def comparable(value: Any) -> Any:
    """Return a message without the fields that the recorder dropped and without those of the bridge."""
    if isinstance(value, dict):
        if _SECRET_KEY in value:
            return {"secret": comparable(value["value"])}
        return {
            key: comparable(inner)
            for key, inner in value.items()
            if key not in ("name", "type") and not key.startswith("__")
        }
    if isinstance(value, list):
        return [comparable(inner) for inner in value]
    if isinstance(value, str):
        return re.sub(r"-----BEGIN ([A-Z ]+)-----.*", r"<PEM \1>", value, flags=re.DOTALL)
    return value
