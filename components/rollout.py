"""One member at a time: the gates that a droplet must pass before it is replaced.

Invariants:

- A droplet depends on its gate, and a gate's input names the droplet before it. So droplets are replaced in
  order, and each only after its gate has seen every other member healthy.
- A gate acts in a before-hook: when it fails, its stash keeps the old input, and the next run asks it again.
  An after-hook's failure would not be retried.
- Gates have no delete hooks: with one, plain ``pulumi destroy`` refuses to run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.digitalocean import Droplet
from components.droplets import AddressBook, ListingError
from components.health import Credentials, probe_all, problems
from components.settings import Settings
from components.waiting import wait_until_healthy


def digest(values: Mapping[str, Any]) -> pulumi.Output[str]:
    """SHA-256 of resource inputs, which may hold secrets; the digest itself is none."""

    def hashed(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    return pulumi.Output.unsecret(pulumi.Output.json_dumps(values, sort_keys=True).apply(hashed))


class Rollout:
    """The gates of one cluster, in the order of its members, and the last one, which sees all of them."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        cluster_tag: str,
        ca_certificate: pulumi.Output[str],
        operator_certificate: pulumi.Output[str],
        operator_key: pulumi.Output[str],
    ) -> None:
        self._name = name
        self._settings = settings
        self._tag = cluster_tag
        self._credentials = pulumi.Output.all(ca_certificate, operator_certificate, operator_key)
        self._digests: dict[str, pulumi.Output[str]] = {}
        self._droplets: list[Droplet] = []
        self._asked = False

    def gate(
        self, member: str, replaced_by: pulumi.Output[str], *, opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        """The gate before a member's droplet; ``replaced_by`` is the digest of all that would replace it."""
        self._digests[member] = replaced_by
        others = [name for name in self._settings.member_names if name != member]
        number = len(self._digests)

        async def others_healthy(_: pulumi.ResourceHookArgs) -> None:
            await self._wait(others, f"Before {member} may change")

        hook = pulumi.ResourceHook(f"{self._name}-gate-{number}", others_healthy)
        before = self._droplets[-1].id if self._droplets else ""
        return pulumi.Stash(
            f"{self._name}-gate-{number}",
            input={"replaced_by": replaced_by, "after": before},
            opts=pulumi.ResourceOptions.merge(
                opts, pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_update=[hook]))
            ),
        )

    def passed(self, droplet: Droplet) -> None:
        """Tell the next gate which droplet comes before it."""
        self._droplets.append(droplet)

    def finish(self, *, opts: pulumi.ResourceOptions) -> pulumi.Output[Sequence[str]]:
        """The last gate: the run ends only when every member is healthy. Gives the members' names, then.

        The gate is asked when something changed. A run that changed nothing looks once more all the same:
        it must not end well while a member is sick.
        """
        members = self._settings.member_names
        purpose = f"Cluster {self._name}"

        async def all_healthy(_: pulumi.ResourceHookArgs) -> None:
            self._asked = True
            await self._wait(members, purpose)

        hook = pulumi.ResourceHook(f"{self._name}-healthy", all_healthy)
        gate = pulumi.Stash(
            f"{self._name}-healthy",
            input={
                "members": list(members),
                "droplets": [droplet.id for droplet in self._droplets],
                "replaced_by": list(self._digests.values()),
            },
            opts=pulumi.ResourceOptions.merge(
                opts,
                pulumi.ResourceOptions(
                    depends_on=self._droplets,
                    hooks=pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook]),
                ),
            ),
        )

        async def look_again(_: Any) -> Sequence[str]:
            if not self._asked and not pulumi.runtime.is_dry_run():
                await self._wait(members, purpose)
            return members

        return pulumi.Output.from_input(gate.id).apply(look_again)

    async def _wait(self, members: Sequence[str], purpose: str) -> None:
        ca, certificate, key = await _resolved(self._credentials)
        context = Credentials(ca, certificate, key).tls_context()
        book = AddressBook(self._settings, self._tag)

        async def look() -> Mapping[str, str]:
            try:
                addresses = await book.addresses()
            except ListingError as error:
                return dict.fromkeys(members, str(error))
            return problems(members, await probe_all(addresses, members, context))

        limit = self._settings.health_timeout_seconds
        await wait_until_healthy(look, seconds=limit, purpose=purpose, say=pulumi.log.info)


async def _resolved(values: pulumi.Output[list[str]]) -> list[str]:
    resolved = await values.future()
    if resolved is None:
        raise RuntimeError("the operator's certificate is not known yet: a gate was asked in a preview")
    return resolved
