from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from console.local.actions import CloudAction, act
from console.local.control import ControlError
from console.server.source import ActionRefusedError

ACTION: TypeAdapter[CloudAction] = TypeAdapter(CloudAction)
MEMBER = "etcd-server-1.example.test"


class FakeControl:
    """Records requests, or refuses them."""

    def __init__(self, problem: str = "", *, power: str = "completed") -> None:
        self.problem = problem
        self.power = power
        self.asked: list[tuple[str, str, Any]] = []

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        if self.problem:
            raise ControlError(self.problem)
        if path == "/digitalocean/v2/actions/7":
            return {"action": {"id": 7, "status": self.power}}
        self.asked.append((method, path, options.get("json")))
        return {"action": {"id": 7, "status": "in-progress"}}


async def done(control: FakeControl, droplet: int | None = 1001, **action: Any) -> list[tuple[str, str, Any]]:
    await act(control, ACTION.validate_python(action), droplet)  # type: ignore[arg-type]
    return control.asked


@pytest.mark.parametrize(
    ("kind", "request_"),
    [
        ("power-off", ("POST", "/digitalocean/v2/droplets/1001/actions", {"type": "power_off"})),
        ("power-on", ("POST", "/digitalocean/v2/droplets/1001/actions", {"type": "power_on"})),
        ("pause", ("PUT", "/droplets/1001/paused", {"paused": True})),
        ("resume", ("PUT", "/droplets/1001/paused", {"paused": False})),
        ("cut-off", ("PUT", "/droplets/1001/cut-off", {"cut_off": True})),
        ("reconnect", ("PUT", "/droplets/1001/cut-off", {"cut_off": False})),
        ("wipe", ("POST", "/droplets/1001/wipe", None)),
        ("destroy", ("DELETE", "/digitalocean/v2/droplets/1001", None)),
    ],
)
async def test_an_action_on_a_member_is_one_on_its_droplet(kind: str, request_: tuple[str, str, Any]) -> None:
    assert await done(FakeControl(), kind=kind, member=MEMBER) == [request_]


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        ("down", {"service": "cloudflare", "kind": "down"}),
        ("slow", {"service": "cloudflare", "kind": "latency", "seconds": 5}),
        ("errors", {"service": "cloudflare", "kind": "status", "status": 503}),
    ],
)
async def test_a_fault_is_one_of_the_control_api(fault: str, sent: dict[str, Any]) -> None:
    asked = await done(FakeControl(), kind="add-fault", service="cloudflare", fault=fault)
    assert asked == [("POST", "/faults", sent)]


async def test_a_fault_ends_by_its_number() -> None:
    assert await done(FakeControl(), kind="end-fault", id=4) == [("DELETE", "/faults/4", None)]


@pytest.mark.parametrize(("kind", "paused"), [("stop-dns", True), ("start-dns", False)])
async def test_dns_stops_and_starts(kind: str, paused: bool) -> None:
    assert await done(FakeControl(), kind=kind) == [("PUT", "/name-server", {"paused": paused})]


async def test_a_member_without_a_droplet_cannot_be_powered_off() -> None:
    with pytest.raises(ActionRefusedError, match=r"has no droplet: run pulumi up to create it$"):
        await done(FakeControl(), None, kind="power-off", member=MEMBER)


async def test_what_the_control_api_refuses_is_refused() -> None:
    with pytest.raises(ActionRefusedError, match=r"^Droplet is already powered on\.$"):
        await done(FakeControl("Droplet is already powered on."), kind="power-on", member=MEMBER)


async def test_an_action_on_the_power_that_fails_later_is_told() -> None:
    with pytest.raises(ActionRefusedError, match=f"{MEMBER} did not power on"):
        await done(FakeControl(power="errored"), kind="power-on", member=MEMBER)
