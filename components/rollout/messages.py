"""What a failed run tells the operator to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address

import pulumi

from ..config.naming import key_of, names
from ..config.settings import Settings
from ..etcd.member_status import EXPIRED, ForeignMember
from ..etcd.own_address import is_public

NOT_COMPLETED = (
    "This run did not reach its end, so it deletes nothing: members that would leave are still in the cluster. The "
    "other errors say why."
)
"""Why a run with ``--continue-on-error`` ends without its deletions."""

RESUMABLE = "Nothing else of this cluster was changed. The next pulumi up continues from here."
"""The end of an error in the last step of a run."""


@dataclass(frozen=True)
class Explanation:
    """What is known of unhealthy members beyond their problems, and what helps."""

    words: Mapping[str, str] = field(default_factory=dict[str, str])
    """What a member's machine says about itself, by the member's name."""
    remedies: Mapping[str, str] = field(default_factory=dict[str, str])
    """What helps a member, by its name."""
    unreachable: str = ""
    """What this machine needs, if no member sends anything back."""
    ending: str = ""
    """What the run has and has not done, and what to do next."""


def logs() -> str:
    """Where the operator finds the reason on a droplet."""
    return (
        f"Read a member's log on its droplet: journalctl -u preparecluster -u etcd (by SSH where {key_of('sshCidrs')} "
        f"and {key_of('sshKeys')} allow it, else in DigitalOcean's recovery console)."
    )


UNTOUCHED = "Nothing was changed for this step. After a temporary problem, run pulumi up again."
"""The end of an error before a member changes."""


def renewed(settings: Settings) -> str:
    """How to replace expired certificates. Whether this run has issued new ones depends on its ``--target``."""
    caller = names()
    if settings.volume_size:
        return (
            "A pulumi up without --target issues new certificates. Replace all droplets in one such run; the data on "
            "their volumes is kept:\n"
            f"  {caller.to_set('rollout', 'all-at-once')} && pulumi up && {caller.to_remove('rollout')}"
        )
    return (
        "Do not replace the droplets: the data is on their own disks. A pulumi up without --target issues "
        "new certificates: put these on the members by hand, and run pulumi up again (docs/lifecycle.md, Renewal)."
    )


def needed_to_reach(settings: Settings, count: int, own_address: str) -> str:
    """What the machine that runs the program needs, when none of ``count`` members sends anything back.

    ``own_address`` is the one that this machine connects from, as far as it knows it itself.
    """
    networks = ", ".join(str(network) for network in settings.client_cidrs)
    private = (
        f" It must also be inside the VPC, or have a route into it, because {key_of('addresses')} is private."
    )
    members = "the only member" if count == 1 else f"any of {count} members"
    return (
        f"No packet came back from {members}. The machine that runs pulumi up connects to the members itself, and the "
        f"firewall lets in only {key_of('clientCidrs')}, which is {networks}. "
        f"{own_address_sentence(settings, own_address)}{private if settings.addresses == 'private' else ''}"
    )


def own_address_sentence(settings: Settings, own_address: str) -> str:
    """Whether this machine's address is in ``etcd:clientCidrs``, as far as the machine knows that itself."""
    if not own_address:
        return "Compare it with the address that this machine has in the members' network."
    if any(ip_address(own_address) in network for network in settings.client_cidrs):
        return (
            f"This machine connects from {own_address}, which is in it, so something else drops the packets."
        )
    if settings.addresses == "public" and not is_public(own_address):
        return (
            f"This machine's own address, {own_address}, is behind a translation, so its public address is not known "
            f"here: compare that with {key_of('clientCidrs')}."
        )
    return f"This machine connects from {own_address}, which is not in it. {_let_in(settings, own_address)}"


def locked_out(settings: Settings, own_address: str) -> str:
    """A warning that this run's firewall keeps this machine out; empty when it does not.

    ``own_address`` is the one from which a member was reached.
    """
    if any(ip_address(own_address) in network for network in settings.client_cidrs):
        return ""
    networks = ", ".join(str(network) for network in settings.client_cidrs)
    return (
        f"{key_of('clientCidrs')} is {networks}, and this machine reaches the members from {own_address}: with this "
        f"firewall, no run from here reaches a member. {_let_in(settings, own_address)}"
    )


def _let_in(settings: Settings, address: str) -> str:
    number = len(settings.client_cidrs)
    return f"Add it: {names().to_add('clientCidrs', number, f'{address}/32')}, and pulumi up."


def foreign_member(member: ForeignMember) -> str:
    """The warning about a member that the program did not make."""
    kind = "learner" if member.learner else "voter"
    counts = "" if member.learner else " A voter counts for the quorum, so members change only while it runs."
    return (
        f"{member.name} (id {int(member.id):x}) is a member of the cluster that this program did not make: a {kind}. "
        f"This program does not remove it.{counts} If nobody needs it: etcdctl member remove {int(member.id):x}"
    )


def repair_command(droplet_urn: pulumi.Output[str], record_urn: pulumi.Output[str]) -> pulumi.Output[str]:
    """The command that replaces a member's droplet, and changes its DNS record to the new address.

    ``record_urn`` is empty if the record cannot be changed now. A later run changes it.
    """
    record = record_urn.apply(lambda urn: f" --target '{urn}'" if urn else "")
    return pulumi.Output.format("pulumi up --target-replace '{}'{}, and then pulumi up", droplet_urn, record)


def only_copy(member: str, problem: str) -> str:
    """Why the only member of a cluster without data volumes is not replaced. ``problem`` is what it lacks now."""
    if problem:
        page = "docs/lifecycle.md, Renewal" if EXPIRED in problem else "docs/recovery.md, The only member"
        remedy = f"It is not healthy ({problem}), so no other member can receive the data: {page}"
    else:
        remedy = (
            f"Set {key_of('size')} to 3 and run pulumi up: two new members receive the data before this one changes. "
            f"After that, {key_of('size')} may be 1 again"
        )
    return (
        f"{member} is the only member, and {key_of('volumeSize')} is 0: its droplet has the only copy of the data, "
        f"and a new droplet would start without it. {remedy}. No member was changed"
    )


def planned_without_dns(problem: str) -> str:
    """Why no member is replaced for a changed setting while Cloudflare does not show the zone."""
    return f"{problem}. A planned change must move each member's DNS record. No member was changed"


def created_without_dns(problem: str) -> str:
    """Why no droplet is created that would get no DNS record."""
    return f"{problem}. No droplet was created"


def deleted_by_hand(purpose: str, droplets: Mapping[str, str]) -> str:
    """Why a run ends at once whose state has droplets that do not exist any more. ``droplets`` are ids by member."""
    lost = ", ".join(f"{name} ({droplet})" for name, droplet in droplets.items())
    return (
        f"{purpose}: DigitalOcean has no droplet {lost} any more, and the state of the stack still has it. A run "
        "learns of a deletion by hand only from a refresh, so this one does not create the droplet again. No other "
        "member changes without it, so this run ends now. Run pulumi up --refresh, which creates it"
    )


def record_left_behind(member: str, content: str, address: str | None, record_urn: str) -> str:
    """Why a run fails that gives a droplet another ``address`` than its record has. A preview does not know it yet."""
    reason = "because --target or --exclude leaves the record out"
    if address is None:
        return (
            f"the DNS record of {member} would stay at {content}, the address of the old droplet, {reason}. "
            f"Add --target '{record_urn}', or run pulumi up without these options. Nothing was changed"
        )
    return (
        f"the DNS record of {member} is still {content}, and its droplet has the address {address}, {reason}. "
        "Run pulumi up, which corrects the record"
    )


def failure(
    problems: Mapping[str, str],
    since: Mapping[str, datetime],
    *,
    limit: float | None,
    purpose: str,
    explanation: Explanation,
) -> str:
    """Each unhealthy member with its last observed problem, since when, and what helps.

    Where no member can be reached, that comes first, and no repair follows. ``limit`` is how long the run has waited,
    or ``None`` where waiting does not help.
    """
    within = (
        "waiting does not help"
        if limit is None
        else f"within {limit:.0f} s ({key_of('healthTimeoutSeconds')})"
    )
    lines = [f"{purpose}: not healthy{', and ' if limit is None else ' '}{within}. Last observed:"]
    if explanation.unreachable:
        lines.insert(0, explanation.unreachable)
    for name, problem in problems.items():
        lines.append(f"  {name}: {problem} (since {since[name]:%H:%M:%S} UTC or longer)")
        if words := explanation.words.get(name):
            lines.append(f"    its machine says: {words}")
        if remedy := explanation.remedies.get(name):
            lines.append(f"    to repair it: {remedy}")
    return "\n".join([*lines, *([] if explanation.unreachable else [logs()]), explanation.ending])


def blocked(
    member: str, problems: Mapping[str, str], *, limit: str, explanation: Explanation
) -> Sequence[str]:
    """Warnings of a line each: why a member does not shut down, and what helps each unhealthy member.

    ``limit`` is how long the engine waits for the shutdown. The engine shows only the first line of a warning at once.
    """
    why = (
        f"{member} blocks its shutdown while another member is unhealthy. If that lasts longer than {limit}, this run "
        f"fails and does not change {member}. {states(problems, explanation)}"
    )
    locked = "This run locks the stack: run no pulumi up before it has ended, and no pulumi cancel. "
    return [
        f"{explanation.unreachable} {why}".strip(),
        *(
            f"{locked if 'pulumi up' in remedy else ''}To repair {name}: {remedy}"
            for name in problems
            if (remedy := explanation.remedies.get(name))
        ),
    ]


def states(problems: Mapping[str, str], explanation: Explanation) -> str:
    """The problem of each unhealthy member, and what its machine says, in one line."""
    words = {name: f" (its machine says: {text})" for name, text in explanation.words.items() if text}
    return "; ".join(f"{name}: {problem}{words.get(name, '')}" for name, problem in problems.items())


def expiry(problems: Mapping[str, str], purpose: str, renewed: str) -> str:
    """What to do about members with expired certificates. ``renewed`` says how they get new ones."""
    lines = "\n".join(f"  {name}: {problem}" for name, problem in problems.items())
    return (
        f"{purpose}: certificates have expired:\n{lines}\n"
        "Members reject each other's expired certificates, so a replaced member cannot join those that are not "
        f"replaced. {renewed}"
    )
