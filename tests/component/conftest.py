"""Runs the program under a monitor that records what it registers, with all options and dependencies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from google.protobuf import json_format
from pulumi.runtime import mocks as pulumi_mocks
from pulumi.runtime.settings import SETTINGS

from components.cluster import EtcdCluster
from components.config.settings import Settings

SECRET = "4dabf18193072939515e22adb298388d"
KEY = "3b:16:e4:bf:8b:00:8b:b8:59:8c:a9:d3:f0:19:fa:45"
"""Fingerprint of the one SSH key in the account, whose id is 512101."""
IMAGES = {"debian-13-x64": 7.0, "large": 60.0, "too-large": 61.0}
"""For each image, GiB of the smallest disk that it needs. Providers return all numbers as floats."""
SETTINGS_OF_TESTS: dict[str, Any] = {
    "domain": "etcd.example.com",
    "zone": "example.com",
    "discoveryToken": "discovery-token",
    "clientCidrs": ["198.51.100.0/24"],
}


@dataclass(frozen=True)
class Registration:
    """One resource as the program registered it."""

    type: str
    name: str
    urn: str
    inputs: dict[str, Any]
    dependencies: set[str]
    property_dependencies: dict[str, set[str]]
    request: Any

    def is_secret(self, key: str) -> bool:
        value = self.inputs[key]
        return isinstance(value, dict) and SECRET in value


@dataclass
class Plan:
    """Everything that one run of the program registered."""

    resources: list[Registration] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    def of_type(self, token: str) -> list[Registration]:
        return sorted((item for item in self.resources if item.type == token), key=lambda item: item.name)

    def one(self, token: str, name: str) -> Registration:
        (found,) = [item for item in self.of_type(token) if item.name == name]
        return found

    def reachable(self, urns: set[str]) -> set[str]:
        """The URNs of all resources that these depend on, directly or not."""
        by_urn = {item.urn: item for item in self.resources}
        reached: set[str] = set()
        waiting = set(urns)
        while waiting:
            urn = waiting.pop()
            if urn not in reached and urn in by_urn:
                reached.add(urn)
                waiting |= by_urn[urn].dependencies
        return reached


class Answers(pulumi_mocks.Mocks):
    """The answers of the providers. ``bootstrap`` is the record that an earlier run stored, if there was one.

    ``state`` has the names of the stashes in the engine's state before this run.
    """

    def __init__(self, bootstrap: dict[str, Any] | None, state: Sequence[str] = ()) -> None:
        self.bootstrap = bootstrap
        self.state = state

    def call(self, args: pulumi_mocks.MockCallArgs) -> Any:
        return {
            "cloudflare:index/getZone:getZone": {"id": "023e105f4ecef8ad9ca31a8372d0c353"},
            "pulumi:pulumi:readStackResourceOutputs": {
                "outputs": {f"urn:pulumi:fra1::etcd::pulumi:index:Stash::{name}": {} for name in self.state}
            },
            "digitalocean:index/getRegion:getRegion": {"sizes": ["s-2vcpu-2gb", "s-2vcpu-4gb"]},
            "digitalocean:index/getImage:getImage": {
                "regions": ["ams3", "fra1", "nyc3"],
                "minDiskSize": IMAGES.get(args.args.get("slug")),
            },
            "digitalocean:index/getSizes:getSizes": {"sizes": [{"slug": "s-2vcpu-2gb", "disk": 60.0}]},
            "digitalocean:index/getSshKeys:getSshKeys": {
                "sshKeys": [{"id": 512101.0, "name": "ops", "fingerprint": KEY, "publicKey": "ssh-ed25519 A"}]
            },
            "digitalocean:index/getAccount:getAccount": {"dropletLimit": 25},
            "digitalocean:index/getDroplets:getDroplets": {"droplets": [{}] * 20},
        }[args.token]

    def new_resource(self, args: pulumi_mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        outputs = dict(args.inputs)
        if args.typ == "pulumi:index:Stash":
            stored = (
                self.bootstrap if args.name.endswith("-founding") and self.bootstrap else args.inputs["input"]
            )
            outputs = {"input": args.inputs["input"], "output": stored}
        elif args.typ == "digitalocean:index/droplet:Droplet":
            number = int(args.name.rpartition("-")[2])
            outputs |= {"ipv4Address": f"203.0.113.{number}", "ipv4AddressPrivate": f"10.10.0.{number}"}
        elif args.typ.startswith("tls:"):
            pem = f"-----BEGIN {args.name}-----\n"
            outputs |= {
                "privateKeyPem": pem,
                "certRequestPem": pem,
                "certPem": pem,
                "validityStartTime": "2029-01-01T00:00:00Z",
                "validityEndTime": "2039-01-01T00:00:00Z"
                if "SelfSigned" in args.typ
                else "2030-01-01T00:00:00Z",
            }
        return f"{args.name}-id", outputs


class RecordingMonitor(pulumi_mocks.MockMonitor):
    """Pulumi's mock monitor, which also keeps what was registered."""

    def __init__(self, mocks: Answers, plan: Plan) -> None:
        super().__init__(mocks)
        self.plan = plan

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        answer = super().RegisterResource(request)
        self.plan.resources.append(
            Registration(
                type=request.type,
                name=request.name,
                urn=answer.urn,
                inputs=json_format.MessageToDict(request.object),
                dependencies=set(request.dependencies),
                property_dependencies={
                    key: set(value.urns) for key, value in request.propertyDependencies.items()
                },
                request=request,
            )
        )
        return answer


PlanOf = Callable[..., Plan]


def droplet(number: int, **differing: Any) -> dict[str, Any]:
    """A member's droplet as DigitalOcean lists it."""
    name = f"etcd-server-{number}.etcd.example.com"
    return {"id": number, "name": name, "tags": ["etcd", "etcd-etcd-fra1"], **differing}


async def registered() -> None:
    """Wait until all that a program has begun is registered, as the language host does."""
    loop = asyncio.get_running_loop()
    while SETTINGS.outputs or SETTINGS.rpc_manager.rpcs:
        begun = [*SETTINGS.outputs, *SETTINGS.rpc_manager.rpcs]
        # A thread of a failed run may add to them late: that work is bound to a loop that is closed.
        waiting = [one for one in begun if not asyncio.isfuture(one) or one.get_loop() is loop]
        SETTINGS.outputs.clear()
        SETTINGS.rpc_manager.rpcs.clear()
        await asyncio.gather(*waiting)


@pytest.fixture
def plan_of(monkeypatch: pytest.MonkeyPatch) -> PlanOf:
    """Run the program once with changed settings: ``plan_of(size=5)``. It is a preview unless ``preview`` is false.

    ``droplets`` is the number of members that have a droplet already. If the two tokens list different droplets,
    ``discovered`` is the list of the discovery token, and ``account`` that of the provider's token. ``tags`` are those
    of the account. ``state`` has the names of stashes in the engine's state. A run that fails leaves what it
    registered in ``plan``.
    """

    def run(
        *,
        droplets: int = 0,
        discovered: Sequence[dict[str, Any]] | None = None,
        account: Sequence[dict[str, Any]] | None = None,
        state: Sequence[str] = (),
        tags: Collection[str] = ("etcd-etcd-fra1", "etcd-etcd-fra1-up"),
        bootstrap: dict[str, Any] | None = None,
        plan: Plan | None = None,
        preview: bool = True,
        **changes: Any,
    ) -> Plan:
        plan = plan or Plan()
        both = [droplet(number) for number in range(1, droplets + 1)]

        async def listing(
            _: object, kind: str, *__: object, tag_name: str = "", **___: object
        ) -> Sequence[dict[str, Any]]:
            if kind == "tags":
                return [{"name": name} for name in tags]
            listed = discovered if tag_name else account
            return both if listed is None else listed

        monkeypatch.setattr("components.droplets.address_book.list_all", listing)
        monkeypatch.setattr("components.droplets.inventory.list_all", listing)
        monkeypatch.setattr("components.droplets.inventory.PAUSE_SECONDS", 0)
        settings = Settings.model_validate({**SETTINGS_OF_TESTS, **changes})

        async def program() -> None:
            pulumi_mocks.set_mocks(
                Answers(bootstrap, state),
                project="etcd",
                stack="fra1",
                preview=preview,
                monitor=RecordingMonitor(Answers(bootstrap, state), plan),
            )
            cluster = EtcdCluster("etcd-etcd-fra1", settings)
            outputs = {
                "endpoints": cluster.endpoints,
                "members": cluster.members,
                "caCertificate": cluster.ca_certificate,
                "clientCertificate": cluster.client_certificate,
                "clientKey": cluster.client_key,
                "certificates": cluster.certificates,
                "environment": cluster.environment,
            }
            for name, output in outputs.items():
                plan.outputs[name] = await output.future()
            await registered()

        try:
            asyncio.run(program())
        finally:
            # A failed run leaves work of an event loop that is closed by now.
            SETTINGS.outputs.clear()
            SETTINGS.rpc_manager.rpcs.clear()
        return plan

    return run
