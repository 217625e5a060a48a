"""Reads the state of the running stack, as it was before the run."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from ..shared.names import member_name

READ_PAUSES = (0.2, 0.5, 1.0, 2.0)
"""Seconds before each retry of reading the state."""

CLUSTER_TYPE = "etcd:index:EtcdCluster"
"""The type of the component that contains all resources of a cluster."""

STASH_TYPE = "pulumi:index:Stash"
DROPLET_TYPE = "digitalocean:index/droplet:Droplet"
VOLUME_TYPE = "digitalocean:index/volume:Volume"
TAG_TYPE = "digitalocean:index/tag:Tag"
MEMBER_TYPE = "etcd:index:Member"
BUCKET_TYPE = "digitalocean:index/spacesBucket:SpacesBucket"
RECORD_TYPE = "cloudflare:index/dnsRecord:DnsRecord"
AUTHORITY_TYPE = "tls:index/selfSignedCert:SelfSignedCert"


@dataclass(frozen=True)
class RecordState:
    """A DNS record in a stack's state."""

    zone_id: str
    address: str
    comment: str
    id: str = ""


@dataclass(frozen=True)
class StackState:
    """The parts of a stack's state that say which cluster it knows."""

    clusters: frozenset[str]
    """Names of all clusters that the state has resources of."""
    healthy: frozenset[str]
    """Names of the clusters that were healthy at the end of a run."""
    token: str
    """The token of this run's cluster. Empty if the state has no bootstrap record of it."""
    ids: frozenset[str]
    """Ids of all droplets and volumes."""
    tags: frozenset[str]
    """Names of all tags, as the account listed them."""
    urns: frozenset[str]
    """URNs of all resources."""
    records: Mapping[str, RecordState] = field(default_factory=dict[str, RecordState])
    """The DNS records by name."""
    delete_timeouts: Mapping[str, int] = field(default_factory=dict[str, int])
    """Seconds that the engine gives the deletion of a member's droplet, by the member's name."""
    buckets: frozenset[str] = frozenset()
    """Names of the buckets for backups."""
    begun: frozenset[str] = frozenset()
    """The resource names of the members that a run has begun to create, such as ``etcd-etcd-fra1-1``."""
    begun_numbers: frozenset[int] = frozenset()
    """The numbers of the members of this run's cluster among ``begun``."""
    droplets: Mapping[str, str] = field(default_factory=dict[str, str])
    """The ids of the droplets by name."""
    by_component: Mapping[str, str] = field(default_factory=dict[str, str])
    """The names of the clusters by the name of their component in the program."""
    component_urns: Mapping[str, str] = field(default_factory=dict[str, str])
    """The URNs of the components by the names of their clusters."""
    vpcs: Mapping[str, str] = field(default_factory=dict[str, str])
    """The id of the VPC of each droplet, by the droplet's name."""
    recorded: frozenset[str] = frozenset()
    """Names of the members that this run's cluster had when it was healthy at the end of a run."""
    authorities: frozenset[int] = frozenset()
    """The numbers of this run's cluster's certificate authorities for clients."""
    shared_authorities: frozenset[int] | None = None
    """Those of them that sign peers' certificates as well. ``None`` if the state has no record of it."""
    enforced: bool = False
    """Whether the last run that ended well let etcd enforce permissions."""
    clients: frozenset[str] = frozenset()
    """Names of the clients for which that run made users. Empty if it did not enforce permissions."""

    def members(self, domain: str) -> frozenset[str]:
        """Names of all members that earlier runs made. Some of them may have lost their droplet, or are to leave.

        Those that a killed run had only begun count as well: the account may have their droplets.
        """
        begun = (member_name(number, domain) for number in self.begun_numbers)
        return frozenset({*self.recorded, *self.droplets, *begun})

    def lacking(self, kind: str) -> frozenset[str]:
        """Those of ``begun`` that have no resource of a type. A killed run may have created it without a trace."""
        return self.begun - {urn.rpartition("::")[2] for urn in self.urns if f"{kind}::" in urn}


def last_gate(cluster: str) -> str:
    """The name of the resource that a run registers once all members are healthy."""
    return f"{cluster}-healthy"


def bootstrap_record(cluster: str) -> str:
    """The name of the resource that keeps the cluster's token."""
    # The name of clusters that exist: a new one would give them a new token.
    return f"{cluster}-founding"


def shared_authorities_record(cluster: str) -> str:
    """The name of the resource that keeps which certificate authorities clients and peers share."""
    return f"{cluster}-shared-authorities"


def access_record(cluster: str) -> str:
    """The name of the resource that keeps which users a run has made."""
    return f"{cluster}-access"


async def read_stack_state(cluster: str) -> StackState:
    """Read the state of the running stack. ``cluster`` is the name of this run's cluster. Raises ``RunError``."""
    # The engine answers for the running stack as for any other.
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    return stack_state((await _read(stack))["outputs"], cluster)


async def _read(stack: str) -> Any:
    pauses = iter(READ_PAUSES)
    while True:
        try:
            return await pulumi.runtime.invoke_async(
                "pulumi:pulumi:readStackResourceOutputs", {"stackName": stack}
            )
        # Pulumi raises a plain Exception.
        except Exception as error:
            # A backend in a folder shows a half-written file for a moment while the engine saves the state.
            pause = next(pauses, None)
            if pause is None:
                raise pulumi.RunError(
                    f"the state of the stack {stack} was not read: {error}. Without it a run does not know which "
                    "cluster is its own. Nothing was changed; run pulumi up again"
                ) from error
            await asyncio.sleep(pause)


def stack_state(resources: Mapping[str, Mapping[str, Any]], cluster: str) -> StackState:
    """Find the clusters among a state's resources, which are given by URN."""
    healthy, ids, tags, token = set[str](), set[str](), set[str](), ""
    by_component: dict[str, str] = {}
    component_urns: dict[str, str] = {}
    vpcs: dict[str, str] = {}
    buckets, begun = set[str](), set[str]()
    records: dict[str, RecordState] = {}
    delete_timeouts: dict[str, int] = {}
    droplets: dict[str, str] = {}
    recorded = frozenset[str]()
    # The engine keeps the first value as the output, and the last one as the input.
    access: Mapping[str, Any] = (_stash(resources, access_record(cluster)) or {}).get("input") or {}
    for urn, resource in resources.items():
        kind, name = _type_and_name(urn)
        outputs: Mapping[str, Any] = resource.get("outputs") or {}
        if kind == CLUSTER_TYPE:
            by_component[name] = str(outputs.get("clusterName") or name)
            component_urns[by_component[name]] = urn
        elif kind in {DROPLET_TYPE, VOLUME_TYPE}:
            ids.add(str(outputs.get("id", "")))
            if kind == DROPLET_TYPE and outputs.get("name"):
                droplets[str(outputs["name"])] = str(outputs.get("id", ""))
                vpcs[str(outputs["name"])] = str(outputs.get("vpcUuid") or "")
        elif kind == TAG_TYPE:
            tags.add(str(outputs.get("name", "")))
        elif kind == BUCKET_TYPE:
            buckets.add(str(outputs.get("name", "")))
        elif kind == MEMBER_TYPE:
            begun.add(name)
            if outputs.get("deleteTimeout"):
                # The engine returns numbers as floats.
                delete_timeouts[str(outputs["name"])] = int(outputs["deleteTimeout"])
        elif kind == RECORD_TYPE:
            zone, comment = str(outputs.get("zoneId", "")), str(outputs.get("comment", ""))
            records[str(outputs.get("name", ""))] = RecordState(
                zone, str(outputs.get("content", "")), comment, str(outputs.get("id", ""))
            )
        elif kind == STASH_TYPE and name == bootstrap_record(cluster):
            stored: Mapping[str, Any] = outputs.get("output") or {}
            token = str(stored.get("token", ""))
        elif kind == STASH_TYPE and name.endswith(last_gate("")):
            healthy.add(name.removesuffix(last_gate("")))
            if name == last_gate(cluster):
                # The engine keeps the first value as the output, and the last one as the input.
                known: Mapping[str, Any] = outputs.get("input") or {}
                recorded = frozenset(str(one) for one in known.get("members", ()))
    return StackState(
        clusters=frozenset(by_component.values()),
        healthy=frozenset(healthy),
        token=token,
        ids=frozenset(ids),
        tags=frozenset(tags),
        urns=frozenset(resources),
        records=records,
        delete_timeouts=delete_timeouts,
        buckets=frozenset(buckets),
        begun=frozenset(begun),
        begun_numbers=_numbers(begun, cluster),
        droplets=droplets,
        by_component=by_component,
        component_urns=component_urns,
        vpcs=vpcs,
        recorded=recorded,
        authorities=_authorities(resources, cluster),
        shared_authorities=_shared_authorities(resources, cluster),
        enforced=(enforced := access.get("auth") == "on"),
        clients=frozenset(access.get("clients") or ()) if enforced else frozenset(),
    )


def _numbers(begun: Iterable[str], cluster: str) -> frozenset[int]:
    """The numbers at the end of the resource names of a cluster's members."""
    known = (re.fullmatch(rf"{re.escape(cluster)}-(\d+)", name) for name in begun)
    return frozenset(int(match[1]) for match in known if match)


def _authorities(resources: Iterable[str], cluster: str) -> frozenset[int]:
    """The numbers of the cluster's authorities for clients. The first one has none in its name."""
    form = re.compile(rf"{re.escape(cluster)}-ca(?:-(\d+))?")
    known = (_type_and_name(urn) for urn in resources)
    found = [form.fullmatch(name) for kind, name in known if kind == AUTHORITY_TYPE]
    return frozenset(int(match[1] or 1) for match in found if match)


def _shared_authorities(resources: Mapping[str, Mapping[str, Any]], cluster: str) -> frozenset[int] | None:
    outputs = _stash(resources, shared_authorities_record(cluster))
    # The engine returns numbers as floats.
    return None if outputs is None else frozenset(int(number) for number in outputs.get("output") or ())


def _stash(resources: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """The outputs of a stash; ``None`` if the state has none of this name."""
    for urn, resource in resources.items():
        if _type_and_name(urn) == (STASH_TYPE, name):
            outputs: Mapping[str, Any] = resource.get("outputs") or {}
            return outputs
    return None


def _type_and_name(urn: str) -> tuple[str, str]:
    """Type and name of a resource, without the types of its parents."""
    return urn.split("::")[2].rpartition("$")[2], urn.rpartition("::")[2]
