"""``digitalocean.Firewall``."""

from __future__ import annotations

from typing import Any, ClassVar

from localcloud.plugins.digitalocean.api import DigitalOceanApi
from localcloud.plugins.digitalocean.set_order import by_hash, objects_by_hash, tags_by_hash
from localcloud.plugins.digitalocean.tagging import TAGS
from localcloud.plugins.errors import ProviderError
from localcloud.plugins.resource import Resource
from localcloud.plugins.schema import Field, Fields, Shape
from localcloud.plugins.values import UNKNOWN, Properties, elements, members

_PEERS = {
    "Addresses": "addresses",
    "DropletIds": "droplet_ids",
    "KubernetesIds": "kubernetes_ids",
    "LoadBalancerUids": "load_balancer_uids",
    "Tags": "tags",
}
"""The kinds of a rule's sources or destinations: the ending of the property, and the API's name."""


def _rules(side: str) -> Field:
    peers = {f"{side}{ending}": Field(shape=Shape.SET, optional=True) for ending in _PEERS}
    nested = {"protocol": Field(required=True), "portRange": Field(optional=True), **peers}
    return Field(shape=Shape.SET, optional=True, nested=nested)


class Firewall(Resource[DigitalOceanApi]):
    """A cloud firewall."""

    type = "digitalocean:index/firewall:Firewall"
    fields: ClassVar[Fields] = {
        "name": Field(required=True),
        "dropletIds": Field(shape=Shape.SET, optional=True),
        "inboundRules": _rules("source"),
        "outboundRules": _rules("destination"),
        "status": Field(computed=True),
        "createdAt": Field(computed=True),
        "pendingChanges": Field(shape=Shape.LIST, computed=True),
        "tags": TAGS,
    }

    def check_plan(self, planned: Properties, prior: Properties | None) -> None:
        """Reject a firewall without rules, and rules for tcp or udp without ports."""
        if not planned["inboundRules"] and not planned["outboundRules"]:
            raise ProviderError("At least one rule must be specified")
        for direction in ("inbound", "outbound"):
            rules = planned[f"{direction}Rules"]
            for rule in [] if rules == UNKNOWN else elements(rules):
                if rule.get("protocol") != "icmp" and not rule.get("portRange"):
                    raise ProviderError(
                        f"`port_range` of {direction} rules is required if protocol is `tcp` or `udp`"
                    )

    def create(self, client: DigitalOceanApi, inputs: Properties, planned: Properties) -> str:
        """POST /v2/firewalls."""
        try:
            return client.post("firewalls", _body(planned))["firewall"]["id"]
        except ProviderError as error:
            raise ProviderError(f"Error creating firewall: {error}") from error

    def settle(
        self, client: DigitalOceanApi, object_id: str, planned: Properties, timeout: float
    ) -> Properties:
        """GET /v2/firewalls/ID."""
        return self.read(client, object_id, planned)

    def read(self, client: DigitalOceanApi, object_id: str, prior: Properties) -> Properties:
        """GET /v2/firewalls/ID."""
        firewall = client.read(f"firewalls/{object_id}", "firewall", "Error retrieving firewall")
        return {
            "name": firewall["name"],
            "status": firewall["status"],
            "createdAt": firewall["created_at"],
            "pendingChanges": [
                {
                    "dropletId": change["droplet_id"],
                    "removing": change["removing"],
                    "status": change["status"],
                }
                for change in elements(firewall.get("pending_changes"))
            ],
            "dropletIds": sorted(firewall.get("droplet_ids") or []),
            "tags": sorted(firewall.get("tags") or []),
            "inboundRules": self._rules_of(firewall, "inbound", "source"),
            "outboundRules": self._rules_of(firewall, "outbound", "destination"),
        }

    def update(
        self, client: DigitalOceanApi, object_id: str, prior: Properties, planned: Properties, timeout: float
    ) -> Properties:
        """PUT /v2/firewalls/ID with the whole firewall."""
        try:
            client.put(f"firewalls/{object_id}", _body(planned))
        except ProviderError as error:
            raise ProviderError(f"Error updating firewall: {error}") from error
        return self.read(client, object_id, planned)

    def delete(self, client: DigitalOceanApi, object_id: str, prior: Properties, timeout: float) -> None:
        """DELETE /v2/firewalls/ID."""
        try:
            client.delete(f"firewalls/{object_id}")
        except ProviderError as error:
            raise ProviderError(f"Error deleting firewall: {error}") from error

    def _rules_of(self, firewall: Properties, direction: str, side: str) -> Any:
        rules: list[Properties] = []
        for rule in elements(firewall.get(f"{direction}_rules")):
            described: Properties = {"protocol": rule["protocol"]}
            # The API returns "0" for "all" and for icmp, which has no ports.
            if rule.get("ports") != "0":
                described["portRange"] = rule.get("ports")
            elif rule["protocol"] != "icmp":
                described["portRange"] = "all"
            peers = members(rule.get(f"{side}s"))
            described |= {f"{side}{ending}": elements(peers.get(name)) for ending, name in _PEERS.items()}
            rules.append(described)
        return self.fields[f"{direction}Rules"].normal(rules)


def _body(planned: Properties) -> Properties:
    return {
        "name": planned["name"],
        "inbound_rules": _rule_bodies(planned["inboundRules"], "source"),
        "outbound_rules": _rule_bodies(planned["outboundRules"], "destination"),
        "droplet_ids": by_hash(planned["dropletIds"]) if planned["dropletIds"] else None,
        "tags": tags_by_hash(planned["tags"] or []),
    }


def _rule_bodies(rules: list[Properties] | None, side: str) -> list[Properties] | None:
    if not rules:
        return None
    spelled = [
        {
            "protocol": rule["protocol"],
            "port_range": rule.get("portRange"),
            **{f"{side}_{name}": elements(rule.get(f"{side}{ending}")) for ending, name in _PEERS.items()},
        }
        for rule in rules
    ]
    return [_rule_body(rule, side) for rule in objects_by_hash(spelled)]


def _rule_body(rule: Any, side: str) -> Properties:
    peers: Properties = {}
    for name in _PEERS.values():
        values = rule[f"{side}_{name}"]
        if values:
            peers[name] = tags_by_hash(values) if name == "tags" else by_hash(values)
    ports = {"ports": rule["port_range"]} if rule["port_range"] else {}
    return {"protocol": rule["protocol"], **ports, f"{side}s": peers}
