"""Changes that a cluster makes in steps: another version of etcd, another certificate authority.

A stash records the step that the cluster was last allowed to take, and the droplets wait for it. Its hook asks the
members that run at that moment as well: where the step before was interrupted, some of them are behind the record. A
hook that refuses leaves the record, and with it the way back to the step that is not finished.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from components.changes.live_checks import LiveChecks, refuse
from components.changes.staged_settings import StagedSettings, refusals
from components.changes.stash_record import waiting_for
from components.config.settings import Settings
from components.etcd.cluster_client import ClusterClient


class StagedRecord:
    """The record, and what an update of it must pass."""

    release: pulumi.Output[Mapping[str, Any]]
    """The recorded ``version``, ``release_url`` and ``release_sha256``. Droplets take them from here: a run that
    is limited to some targets does not update the record, and installs what the others have."""
    version: pulumi.Output[str]
    """The recorded version alone."""

    def __init__(
        self, name: str, settings: Settings, *, members: ClusterClient, opts: pulumi.ResourceOptions
    ) -> None:
        self._settings = settings
        self._members = members
        self._readiness = LiveChecks(settings, members)
        self._wish = StagedSettings.of(settings)
        hook = pulumi.ResourceHook(
            f"{name}-steps", self._check, opts=pulumi.ResourceHookOptions(on_dry_run=True)
        )
        self.record = pulumi.Stash(
            f"{name}-steps",
            input=self._wish.as_record(),
            opts=pulumi.ResourceOptions.merge(
                opts,
                pulumi.ResourceOptions(
                    # A cluster that an earlier version of the program made has no record, but it has members.
                    hooks=pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])
                ),
            ),
        )
        self.release = self.record.input
        self.version = self.record.input.apply(lambda record: str(record["version"]))

    def before(self, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """Options of resources that wait for the record, as do all that are made inside them."""
        return waiting_for(self.record, opts)

    async def _check(self, args: pulumi.ResourceHookArgs) -> None:
        old = self._wish.as_recorded(args.old_inputs["input"]) if args.old_inputs else None
        if old is not None:
            refuse(refusals(old, self._wish, self._settings))
        if await self._members.credentials_known():
            await self._readiness.admit(old, self._wish, preview=pulumi.runtime.is_dry_run())
