"""Makes etcd's users, roles and permissions those of the settings, at the end of each run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from time import monotonic
from typing import Any, Protocol, TypeVar

import pulumi

from ..config.naming import key_of
from ..config.running_clusters import failing_last
from ..config.settings import Settings
from ..etcd.admin import Change, ChangeRefusedError
from ..etcd.authentication import AuthCalls, is_enabled
from ..identity.stack_state import StackState, access_record
from ..run_log import log
from .desired import OWN_ROLES, desired_clients
from .plan import ENABLE, AccessState, Step, access_steps, foreign_clients, removals
from .state import apply_steps, read_access

T = TypeVar("T")

REVOKING_SECONDS = 20
"""How long a run tries at its beginning to revoke clients. Its end tries again."""
ROUNDS = 5
"""How often users and roles are read and changed. One time is enough unless somebody else changes them meanwhile."""
BY_HAND = (
    "etcd's authentication was on, and {key} is false: somebody switched it on without this program, or a restored "
    "backup had it on"
)


class AccessError(pulumi.RunError):
    """Users, roles or authentication are not as configured. The text says what to do."""


class Issued(Protocol):
    """A client's certificate. ``components/pki/authority.py`` has its class."""

    @property
    def resource(self) -> pulumi.CustomResource:
        """The resource that signs it."""
        ...


class AccessClient(Protocol):
    """The running cluster. ``components/etcd/cluster_client.py`` implements it."""

    @property
    def existing(self) -> pulumi.Output[frozenset[str]]:
        """Names of the members that have a droplet when the run begins."""
        ...

    async def changes_possible(self) -> bool:
        """Whether the certificate for changes is known. It is unknown in a preview that creates it."""
        ...

    async def through_any(self, change: Change[T], *, seconds: float) -> T:
        """Make a change through the first member that answers. Raises ``ChangeRefusedError``."""
        ...

    async def disable_authentication(self) -> bool:
        """Switch authentication off. Returns whether it was on. Raises ``ChangeRefusedError``."""
        ...

    async def common_names(self) -> Mapping[str, str]:
        """The common name of each configured member's server certificate. Raises ``ChangeRefusedError``."""
        ...


def enforce_access(
    name: str,
    settings: Settings,
    client: AccessClient,
    *,
    certificates: Mapping[str, Issued],
    stack: pulumi.Output[StackState],
    completed: pulumi.Output[Any],
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[None]:
    """Register the record of authentication and clients. Returns an output that resolves when etcd enforces them.

    ``certificates`` are those of the configured clients. ``completed`` resolves when all members are healthy. Each run
    reads what etcd has, and repairs it. It revokes clients that are not configured any more at its beginning already,
    since a member may be unhealthy for long. The record is updated afterwards. It lets a preview show a change, and
    tells the next run which users are the program's. While ``etcd:auth`` is unset there is none, and nothing is done.
    While it is false, users and roles stay as they are: they have no effect, and the next true is quick.
    """
    if settings.auth is None:
        return completed.apply(lambda _: None)
    enforcement = Enforcement(name, settings, client, certificates=certificates, stack=stack)

    @failing_last
    async def enforce(_: Any) -> list[pulumi.Resource]:
        if pulumi.runtime.is_dry_run():
            await enforcement.announce()
        else:
            await enforcement.enforce()
        return []

    if pulumi.runtime.is_dry_run():
        # In a preview that creates the cluster, nothing tells that it is completed.
        enforced = client.existing.apply(enforce)
    else:
        revoked = client.existing.apply(enforcement.revoke)
        enforced = pulumi.Output.all(completed, revoked).apply(enforce)
    # In a preview as well, the record comes after all that it depended on in the last run: with --target, the engine
    # keeps an untargeted resource together with the dependencies in its state, and refuses those that come later.
    after = pulumi.Output.all(completed, enforced).apply(lambda _: list[pulumi.Resource]())
    record = pulumi.Stash(
        access_record(name),
        input=recorded_access(settings),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=after)),
    )
    return record.urn.apply(lambda _: None)


def recorded_access(settings: Settings) -> dict[str, Any]:
    """The input of the record: permissions in words, by client."""
    return {
        "auth": "on" if settings.auth else "off",
        "clients": {
            one.name: sorted(
                [
                    *(f"{access.word} {keys}" for keys, access in one.grants.items()),
                    *(["root"] if one.root else []),
                ]
            )
            for one in desired_clients(settings.clients)
        },
    }


class Enforcement:
    """One run's view of the users and roles of one cluster."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        client: AccessClient,
        *,
        certificates: Mapping[str, Issued],
        stack: pulumi.Output[StackState],
    ) -> None:
        self._name = name
        self._settings = settings
        self._client = client
        self._certificates = certificates
        self._stack = stack
        self._clients = desired_clients(settings.clients)

    async def revoke(self, existing: Collection[str]) -> None:
        """Delete the users of clients that are not configured any more, if there is a quorum. A failure is a warning.

        Nothing else may be revoked before all that is missing was granted.
        """
        stack = await self._stack.future()
        if stack is None or not (self._settings.auth and existing and stack.enforced):
            return
        configured = frozenset(one.name for one in self._clients)
        if not (removed := sorted(stack.clients - configured)):
            return

        async def remove(calls: AuthCalls) -> None:
            await apply_steps(calls, removals(await self._read(calls), configured), done=self._done)

        try:
            await self._client.through_any(remove, seconds=REVOKING_SECONDS)
        except ChangeRefusedError as error:
            log.warn(
                f"{self._name}: not revoked yet: {', '.join(removed)}. {error}. This run tries again when all members "
                "are healthy"
            )

    async def enforce(self) -> None:
        """Read users and roles, and change what differs from the settings. Raises ``AccessError``."""
        await self._refuse_left_out()
        seconds = self._settings.health_timeout_seconds
        deadline = monotonic() + seconds
        observed = "they change all the time"
        named = False
        for _ in range(ROUNDS):
            try:
                if not self._settings.auth:
                    if await self._client.disable_authentication():
                        reason = BY_HAND.format(key=key_of("auth"))
                        log.warn(
                            f"{self._name}: {reason}. It is off now, and users and roles stay as they are"
                        )
                    return
                state = await self._client.through_any(self._read, seconds=deadline - monotonic())
                if not named:
                    self._name_foreign(state)
                    named = True
                foreign = foreign_clients(state, self._clients)
                if foreign and not (state.enabled or await self._was_enforced()):
                    raise AccessError(self._foreign(foreign))
                if not (steps := self._steps(state, foreign)):
                    if foreign:
                        raise AccessError(self._foreign(foreign))
                    return
                if ENABLE in steps:
                    await self._refuse_common_names()
                await self._client.through_any(self._applying(steps), seconds=deadline - monotonic())
            except ChangeRefusedError as error:
                observed = str(error)
        raise AccessError(
            f"{self._name}: etcd's users and roles could not be made those of {key_of('clients')} within {seconds} s "
            f"({key_of('healthTimeoutSeconds')}). Last observed: {observed}. Run pulumi up again: it goes on from what "
            "etcd has"
        )

    async def announce(self) -> None:
        """In a preview, say what a run will change. Raises ``AccessError`` for what it will refuse."""
        if not await self._client.existing.future():
            return
        if not await self._client.changes_possible():
            log.info(f"{self._name}: etcd's users and roles are read when there is a certificate for it")
            return
        try:
            if not self._settings.auth:
                if await self._client.through_any(is_enabled, seconds=0):
                    log.info(f"{self._name}: the run will switch authentication off")
                return
            state = await self._client.through_any(self._read, seconds=0)
        except ChangeRefusedError as error:
            log.info(f"{self._name}: this preview could not read etcd's users and roles: {error}")
            return
        self._name_foreign(state)
        foreign = foreign_clients(state, self._clients)
        for step in self._steps(state, foreign):
            log.info(f"{self._name}: the run will {step.text}")
        if foreign:
            raise AccessError(self._foreign(foreign))

    async def _was_enforced(self) -> bool:
        stack = await self._stack.future()
        return stack is not None and stack.enforced

    async def _read(self, calls: AuthCalls) -> AccessState:
        stack = await self._stack.future()
        return await read_access(calls, self._clients, frozenset() if stack is None else stack.clients)

    def _steps(self, state: AccessState, foreign: Collection[str]) -> list[Step]:
        """What is to do for all clients but those whose users are somebody else's."""
        return access_steps(state, [one for one in self._clients if one.name not in foreign])

    def _foreign(self, names: Collection[str]) -> str:
        """Why clients get no user: etcd has one of that name already."""
        return "\n".join(
            f"{key_of('clients')} has {name}, and etcd has a user {name} that no earlier run has made: it lacks the "
            f"role {OWN_ROLES}{name}. Choose another name for the client. Or let it become the client's: etcdctl role "
            f"add {OWN_ROLES}{name}, and then etcdctl user grant-role {name} {OWN_ROLES}{name}"
            for name in names
        )

    async def _refuse_left_out(self) -> None:
        """Raise if this run leaves out a client's certificate. The client would have a user and no certificate."""
        missing = [
            name for name, issued in self._certificates.items() if not await issued.resource.id.is_known()
        ]
        if missing:
            raise AccessError(
                f"{key_of('clients')} has {', '.join(missing)}, and this run issues no certificate for it: --target or "
                "--exclude leaves it out. No user was changed. Run pulumi up without these options"
            )

    def _name_foreign(self, state: AccessState) -> None:
        for kind, names in (("users", state.foreign_users), ("roles", state.foreign_roles)):
            if names:
                log.warn(
                    f"{self._name}: etcd has {kind} that are not in {key_of('clients')}, and this program leaves them "
                    f"alone: {', '.join(names)}"
                )

    def _applying(self, steps: Sequence[Step]) -> Change[None]:
        async def apply(calls: AuthCalls) -> None:
            await apply_steps(calls, steps, done=self._done)

        return apply

    def _done(self, step: Step) -> None:
        log.info(f"{self._name}: {step.text}: done")

    async def _refuse_common_names(self) -> None:
        """Raise if requests through a member's gateway would act as a user.

        etcd gives such a request the common name of the member's own certificate.
        """
        named = {name: found for name, found in (await self._client.common_names()).items() if found}
        if named:
            raise AccessError(
                f"{self._name}: authentication is not switched on, because requests through etcd's JSON gateway would "
                "act as users: "
                + ", ".join(
                    f"the server certificate of {one} has the common name {cn}" for one, cn in named.items()
                )
                + ". Run pulumi up without --target and --exclude: it gives each member a "
                "certificate without one"
            )
