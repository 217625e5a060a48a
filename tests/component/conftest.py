"""Runs the program under a monitor that records what it registers, with all options and dependencies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pulumi
import pytest
from google.protobuf import json_format
from pulumi.runtime import mocks as pulumi_mocks
from pulumi.runtime.settings import SETTINGS

from components.arguments.values import arguments_of
from components.cluster import EtcdCluster
from components.config.naming import ConfigNames, named_by
from components.config.settings import Settings
from components.identity.stack_state import CLUSTER_TYPE
from tests.component.clouds import CATALOG, NEW_KEY, VPC_ID, Clouds

SECRET = "4dabf18193072939515e22adb298388d"
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
    requests: list[tuple[str, str]] = field(default_factory=list)
    """URL and token of each request to an API."""
    hooks: dict[str, Callable[..., Any]] = field(default_factory=dict)
    """The hooks by name."""

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


State = Mapping[tuple[str, str], Mapping[str, Any]]
"""The resources in a stack's state, by type and name, with their outputs."""

NOTHING: State = MappingProxyType({})
"""The state of a new stack."""


def healthy_state(bootstrap: Mapping[str, Any]) -> State:
    """The state of a stack whose cluster was healthy once."""
    return {
        ("pulumi:index:Stash", "etcd-etcd-fra1-founding"): {"output": bootstrap},
        ("pulumi:index:Stash", "etcd-etcd-fra1-healthy"): {},
        ("etcd:index:EtcdCluster", "etcd-etcd-fra1"): {},
        ("digitalocean:index/droplet:Droplet", "etcd-etcd-fra1-2"): {"id": "2"},
    }


def camel_case(name: str) -> str:
    """The key of a setting, which tests may write as its field."""
    field = Settings.model_fields.get(name)
    return (field.alias or name) if field else name


class Answers(pulumi_mocks.Mocks):
    """The answers of the providers. ``bootstrap`` is the record that an earlier run stored, if there was one.

    ``state`` has the resources in the engine's state before this run, by type and name, with their outputs.
    ``cloudflare`` is whether Cloudflare answers.
    """

    def __init__(
        self, bootstrap: dict[str, Any] | None, state: State = NOTHING, *, cloudflare: bool = True
    ) -> None:
        self.bootstrap = bootstrap
        self.state = state
        self.cloudflare = cloudflare

    def call(self, args: pulumi_mocks.MockCallArgs) -> Any:
        if args.token.startswith("cloudflare:") and not self.cloudflare:
            return {}, [("name", "the provider returned an error: 503 Service Unavailable")]
        return {
            "cloudflare:index/getZone:getZone": {"id": "023e105f4ecef8ad9ca31a8372d0c353"},
            "pulumi:pulumi:readStackResourceOutputs": {
                "outputs": {
                    f"urn:pulumi:fra1::etcd::{'' if kind == CLUSTER_TYPE else f'{CLUSTER_TYPE}$'}{kind}::{name}": {
                        "outputs": outputs
                    }
                    for (kind, name), outputs in self.state.items()
                }
            },
        }[args.token]

    def new_resource(self, args: pulumi_mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        outputs = dict(args.inputs)
        if args.typ == "pulumi:index:Stash":
            stored = (
                self.bootstrap if args.name.endswith("-founding") and self.bootstrap else args.inputs["input"]
            )
            outputs = {"input": args.inputs["input"], "output": stored}
        elif args.typ == "digitalocean:index/sshKey:SshKey":
            outputs |= {"fingerprint": NEW_KEY}
        elif args.typ == "digitalocean:index/vpc:Vpc":
            return VPC_ID, outputs
        elif args.typ == "digitalocean:index/droplet:Droplet":
            number = int(args.name.rpartition("-")[2])
            outputs |= {
                "ipv4Address": f"203.0.113.{number}",
                "ipv4AddressPrivate": f"10.10.0.{number}",
                "dropletUrn": f"do:droplet:{args.name}-id",
            }
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

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """A URN as the engine makes it: without the type of the stack."""
        return super().make_urn(parent, type_, name).replace("::pulumi:pulumi:Stack$", "::")

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


def record_hooks(monkeypatch: pytest.MonkeyPatch, plan: Plan) -> None:
    """Keep the hooks of a run in its plan."""

    class Hook(pulumi.ResourceHook):
        def __init__(self, name: str, func: Any, opts: pulumi.ResourceHookOptions | None = None) -> None:
            super().__init__(name, func, opts)
            plan.hooks[name] = func

    monkeypatch.setattr(pulumi, "ResourceHook", Hook)


@pytest.fixture
def plan_of(monkeypatch: pytest.MonkeyPatch) -> PlanOf:
    """Run the program once with changed settings: ``plan_of(size=5)``. It is a preview unless ``preview`` is false.

    ``droplets`` is the number of members that have a droplet already. If the two tokens list different droplets,
    ``discovered`` is the list of the discovery token, and ``account`` that of the provider's token. ``tags`` are those
    of the account. ``state`` is the engine's state, by default that of a healthy cluster if there is a ``bootstrap``
    record or a droplet. ``volumes`` are those of the account. A run that fails leaves what it registered in ``plan``.
    DigitalOcean offers ``catalog``; ``None`` is an API that fails. The zone has ``records``. ``cloudflare`` is whether
    Cloudflare answers. ``program`` is run instead of the cluster of the stack's configuration.
    """

    def run(
        program: Callable[[], Any] | None = None,
        *,
        droplets: int = 0,
        discovered: Sequence[dict[str, Any]] | None = None,
        account: Sequence[dict[str, Any]] | None = None,
        state: State | None = None,
        volumes: Sequence[dict[str, Any]] = (),
        tags: Collection[str] = ("etcd-etcd-fra1", "etcd-etcd-fra1-up"),
        bootstrap: dict[str, Any] | None = None,
        plan: Plan | None = None,
        preview: bool = True,
        catalog: Mapping[str, list[dict[str, Any]]] | None = CATALOG,
        records: Sequence[dict[str, Any]] = (),
        cloudflare: bool = True,
        **changes: Any,
    ) -> Plan:
        plan = plan or Plan()
        if state is None:
            state = healthy_state(bootstrap or {"token": "t"}) if bootstrap or droplets else NOTHING
        both = [droplet(number) for number in range(1, droplets + 1)]
        clouds = Clouds(
            discovered=both if discovered is None else discovered,
            account=both if account is None else account,
            volumes=volumes,
            tags=tags,
            catalog=catalog,
            records=records,
            requests=plan.requests,
        )
        clouds.answer(monkeypatch, preview=preview)
        record_hooks(monkeypatch, plan)
        values = {**SETTINGS_OF_TESTS, **{camel_case(key): value for key, value in changes.items()}}

        async def main() -> None:
            # A failed run leaves futures with errors. Python would log them while something else runs.
            asyncio.get_running_loop().set_exception_handler(lambda *_: None)
            answers = Answers(bootstrap, state, cloudflare=cloudflare)
            pulumi_mocks.set_mocks(
                answers,
                project="etcd",
                stack="fra1",
                preview=preview,
                monitor=RecordingMonitor(answers, plan),
            )
            if program is not None:
                program()
                await registered()
                return
            with named_by(ConfigNames()):
                cluster = EtcdCluster("etcd-etcd-fra1", arguments_of(values))
            outputs = {
                "endpoints": cluster.endpoints,
                "members": pulumi.Output.all(
                    **{member["name"]: member["address"] for member in cluster.members}
                ),
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
            asyncio.run(main())
        finally:
            # A failed run leaves work of an event loop that is closed by now.
            SETTINGS.outputs.clear()
            SETTINGS.rpc_manager.rpcs.clear()
        return plan

    return run
