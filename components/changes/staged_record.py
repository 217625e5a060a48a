"""The record of changes that a cluster makes in steps: another version of etcd, or another certificate authority.

A stash records the last step that the cluster was allowed to take, and the droplets depend on it. Its hook also asks
the members that run now: if the last step was interrupted, some of them are behind the record. A hook that fails keeps
the record, so that the unfinished step can still be completed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from ..config.hooks import resource_hook
from ..config.naming import key_of
from ..config.running_clusters import failing_last
from ..config.settings import Settings
from ..etcd.cluster_client import ClusterClient
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
        self, name: str, settings: Settings, *, members: ClusterClient, opts: pulumi.ResourceOptions
    ) -> None:
        self._settings = settings
        self._members = members
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
        before, after = list(recorded.authorities), list(self._requested.authorities)
        if before != after:
            reject([not_checked("authorities", after, before)])
        pulumi.log.warn(
            f"{key_of('version')} is {self._requested.version}, and this run installs etcd {recorded.version} from "
            f"{recorded.release_url}: --target or --exclude leaves out the record with which a run checks the change"
        )

    async def _check(self, args: pulumi.ResourceHookArgs) -> None:
        old = self._requested.as_recorded(args.old_inputs["input"]) if args.old_inputs else None
        if old is not None:
            reject(step_problems(old, self._requested, self._settings))
        if await self._members.credentials_known():
            await self._live_checks.prepare(old, self._requested, preview=pulumi.runtime.is_dry_run())
