"""Deletes everything that an acceptance run has made, also what a killed one has left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from acceptance.account import Account
from acceptance.errors import AcceptanceError
from acceptance.left import Left, what_is_left
from acceptance.report import Report
from acceptance.stack import Stack
from components.backups.operator_bucket import OperatorBucket
from components.config.backup_settings import BackupTarget
from components.shared.s3 import S3Error


@dataclass(frozen=True)
class CleanUp:
    """The deletion of one run's stack, cluster and backups."""

    stack: Stack
    digitalocean: Account
    cloudflare: Account
    report: Report
    say: Callable[[str], None]

    def run(self) -> None:
        """Delete everything, and look for what is left. Raises ``AcceptanceError``."""
        target = self.stack.backup_target()
        self.stack.unlock()
        # The probe is in the VPC, which could not be deleted.
        for one in self._left("droplet"):
            if one.name.startswith("probe."):
                one.delete()
        try:
            self.stack.destroy()
        except AcceptanceError as error:
            self.say(f"{error}\nIt is tried again without the droplets that are left")
            # A killed run leaves droplets in no state, and they hold volumes and VPC.
            for one in self._left("droplet"):
                one.delete()
            self._destroy_again()
        if target is not None:
            self._delete_backups(target)
        for one in self._left():
            self.say(f"left in no state: {one}. It is deleted")
            one.delete()
        found = [str(one) for one in self._left()]
        self.report.note(left=found)
        if found:
            raise AcceptanceError(
                f"left in the account: {', '.join(found)}. The report says so as well. Delete them by hand"
            )
        self.stack.remove()

    def _destroy_again(self) -> None:
        try:
            self.stack.destroy()
        except AcceptanceError as error:
            raise AcceptanceError(
                f"the cluster is not deleted: {error}\nMend the cause, then run this again. Or run "
                f"pulumi destroy --stack {self.stack.name}"
            ) from None

    def _left(self, *kinds: str) -> list[Left]:
        """What is left of the kinds, or of all kinds."""
        settings, cluster = self.stack.settings, self.stack.cluster
        found = what_is_left(self.digitalocean, self.cloudflare, settings, cluster)
        return [one for one in found if not kinds or one.kind in kinds]

    def _delete_backups(self, target: BackupTarget) -> None:
        """Delete the backups of this cluster alone: they are below its name."""
        self.say("its backups are deleted")
        bucket = OperatorBucket(target)
        try:
            for one in bucket.list(target.prefix).objects:
                bucket.delete(one.key)
        except S3Error as error:
            raise AcceptanceError(
                f"the backups below {target.prefix} are not deleted: {error}. Delete them by hand"
            ) from None
