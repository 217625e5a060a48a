"""The record of changes that a cluster makes in steps: another version of etcd, other certificate authorities, or
authentication.

A stash records the last step that the cluster was allowed to take, and the droplets depend on it. Its hook also asks
the members that run now: if the last step was interrupted, some of them are behind the record. A hook that fails keeps
the record, so that the unfinished step can still be completed. The hook also switches authentication off, before the
members lose the certificates with which they act while it is on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from ..config.hooks import resource_hook
from ..config.naming import key_of
from ..config.running_clusters import failing_last
from ..config.settings import Settings
from ..droplets.inventory import Inventory
from ..etcd.admin import ChangeRefusedError
from ..etcd.cluster_client import ClusterClient
from ..etcd.member_status import AUTHENTICATION, MemberStatus
from ..run_log import log
from .auth_rules import (
    OFF,
    needs_it_off,
    not_switched_off,
    on_by_hand,
    shown_auth,
    switches_off,
    unknown_by_hand,
)
from .live_checks import LiveChecks, reject
from .staged_settings import StagedSettings, step_problems
from .stash_record import depending_on, left_out, not_checked


class StagedRecord:
    """The record of the staged settings, and the checks before its updates."""

    release: pulumi.Output[Mapping[str, Any]]
    """The recorded ``version``, ``release_url`` and ``release_sha256``, which droplets install.

    A run that is limited to some targets does not update the record. So it installs what the other members have.
    """
    version: pulumi.Output[str]
    """The recorded version."""
    allowed: pulumi.Output[Sequence[pulumi.Input[pulumi.Resource]]]
    """The record, on which resources depend. It fails in a run that leaves the record out and may not."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        members: ClusterClient,
        account: Inventory,
        opts: pulumi.ResourceOptions,
    ) -> None:
        self._settings = settings
        self._members = members
        self._account = account
        self._live_checks = LiveChecks(settings, members)
        self._requested = StagedSettings.of(settings)
        # Hook and record have the names that they have in clusters that exist.
        hook = resource_hook(f"{name}-steps", self._check, in_previews=True)
        self.record = pulumi.Stash(
            f"{name}-steps",
            input=self._requested.as_record(),
            opts=pulumi.ResourceOptions.merge(
                opts,
                pulumi.ResourceOptions(
                    # A cluster of an earlier version of this program has members, but no record.
                    hooks=pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])
                ),
            ),
        )
        self.allowed = pulumi.Output.from_input(self._check_left_out()).apply(lambda _: [self.record])
        self.release = self.record.input
        self.version = self.record.input.apply(lambda record: str(record["version"]))

    def after_record(self, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """Options of resources that depend on the record, with all resources inside them."""
        return depending_on(self.allowed, opts)

    @failing_last
    async def _check_left_out(self) -> None:
        if (recorded := await left_out(self.record, self._requested)) is None:
            return
        requested = self._requested
        reject(
            [
                not_checked(key, after, before)
                for key, before, after in (
                    ("authorities", list(recorded.authorities), list(requested.authorities)),
                    ("auth", shown_auth(recorded.auth), shown_auth(requested.auth)),
                )
                if before != after
            ]
        )
        log.warn(
            f"{key_of('version')} is {self._requested.version}, and this run installs etcd {recorded.version} from "
            f"{recorded.release_url}: --target or --exclude leaves out the record with which a run checks the change"
        )

    async def _check(self, args: pulumi.ResourceHookArgs) -> None:
        old = self._requested.as_recorded(args.old_inputs["input"]) if args.old_inputs else None
        if old is not None:
            reject(step_problems(old, self._requested, self._settings))
        if await self._members.credentials_known():
            await self._live_checks.prepare(old, self._requested, preview=pulumi.runtime.is_dry_run())
        if old is not None:
            await self._settle_authentication(old.auth, self._requested.auth)

    async def _settle_authentication(self, old: str, new: str) -> None:
        """Let authentication be off where members change their certificates. A preview changes nothing."""
        off, needed = switches_off(old, new), needs_it_off(old, new)
        if not (off or needed):
            return
        if pulumi.runtime.is_dry_run():
            if needed and await self._tells_nothing():
                reject([on_by_hand()])
            return
        if not await self._account.has_droplets_or_volumes():
            return
        try:
            if off and await self._members.disable_authentication():
                log.info(f"etcd's authentication is off now, because {key_of('auth')} is {OFF}")
            if needed and await self._members.authentication_is_on():
                reject([on_by_hand()])
        except ChangeRefusedError as error:
            reject([not_switched_off(old, str(error)) if off else unknown_by_hand(str(error))])

    async def _tells_nothing(self) -> bool:
        """Whether a member tells nothing because of authentication, in a preview without a certificate for it."""
        if not await self._members.credentials_known():
            return False
        return any(
            isinstance(status, MemberStatus) and status.problem == AUTHENTICATION
            for status in (await self._members.observe()).values()
        )
