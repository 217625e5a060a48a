"""The machines' firewalls as an nftables ruleset of the bridge.

Every packet between two machines, or between a machine and the namespace, passes the bridge. The bridge family has no
connection tracking, so the ruleset tracks connections itself: only a TCP segment with SYN and without ACK opens a
connection, and sets remember the allowed UDP datagrams and pings whose replies must pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, collapse_addresses

from localcloud.addresses import METADATA
from localcloud.machines.interface import Filter, Rule

TABLE = "bridge localcloud"

PORT_PREFIX = "vb-"
"""The prefix that systemd-nspawn puts before a machine's name to name its bridge port."""

BASE = f"""\
table {TABLE} {{
    set flows {{
        type ipv4_addr . inet_service . ipv4_addr . inet_service
        size 65536
        flags dynamic,timeout
        timeout 3m
    }}
    set pings {{
        type ipv4_addr . ipv4_addr
        size 65536
        flags dynamic,timeout
        timeout 1m
    }}
    set sources {{
        type ifname . ipv4_addr
    }}
    chain genuine {{
        meta protocol != {{ ip, arp }} drop
        iifname "{PORT_PREFIX}*" meta protocol ip iifname . ip saddr != @sources drop
        iifname "{PORT_PREFIX}*" arp saddr ip != 0.0.0.0 iifname . arp saddr ip != @sources drop
    }}
    chain allowed {{
        update @flows {{ ip saddr . udp sport . ip daddr . udp dport }}
        icmp type echo-request update @pings {{ ip saddr . ip daddr }}
    }}
    chain arriving {{
    }}
    chain leaving {{
    }}
    chain forward {{
        type filter hook forward priority filter; policy accept;
        jump genuine
        jump leaving
        jump arriving
    }}
    chain input {{
        type filter hook input priority filter; policy accept;
        jump genuine
        jump leaving
    }}
    chain output {{
        type filter hook output priority filter; policy accept;
        meta protocol != {{ ip, arp }} drop
        jump arriving
    }}
}}
"""
"""The constant part: it drops IPv6 and packets with a foreign source address, and filters no machine yet."""

_REPLIES = (
    "tcp flags & (syn | ack) != syn return",
    "ip daddr . udp dport . ip saddr . udp sport @flows return",
    "icmp type echo-reply ip daddr . ip saddr @pings return",
    "icmp type { destination-unreachable, time-exceeded, parameter-problem } return",
)


def render(filters: Sequence[Filter]) -> str:
    """Return the nftables script that replaces all machines' filters atomically."""
    lines = [f"flush chain {TABLE} arriving", f"flush chain {TABLE} leaving"]
    filtered = sorted({address.ip for entry in filters for address in entry.addresses})
    if filtered:
        lines += _chain("arriving", "daddr", "saddr", filtered, filters)
        lines += _chain("leaving", "saddr", "daddr", filtered, filters)
    return "".join(f"{line}\n" for line in lines)


def _chain(
    chain: str, own: str, other: str, filtered: Iterable[IPv4Address], filters: Sequence[Filter]
) -> Iterable[str]:
    add = f"add rule {TABLE} {chain}"
    yield f"{add} meta protocol arp return"
    yield f"{add} ip {own} != {_set(filtered)} return"
    if chain == "leaving":
        # A droplet's firewall does not filter the metadata service.
        yield f"{add} ip daddr {METADATA} return"
    else:
        yield f"{add} ip saddr {METADATA} return"
    for reply in _REPLIES:
        yield f"{add} {reply}"
    for entry in filters:
        addresses = _set(sorted(address.ip for address in entry.addresses))
        for rule in entry.inbound if chain == "arriving" else entry.outbound:
            if rule.networks:
                others = _set(collapse_addresses(rule.networks))
                yield f"{add} ip {own} {addresses} ip {other} {others} {_kind(rule)} goto allowed"
    yield f"{add} drop"


def _kind(rule: Rule) -> str:
    if rule.ports is None:
        return f"ip protocol {rule.protocol}"
    first, last = rule.ports
    return f"{rule.protocol} dport {first}" if first == last else f"{rule.protocol} dport {first}-{last}"


def _set(members: Iterable[object]) -> str:
    return "{ " + ", ".join(str(member) for member in members) + " }"
