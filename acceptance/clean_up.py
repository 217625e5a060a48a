"""Deletes everything that an acceptance run has made, also what a killed one has left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from acceptance.account import Account
from acceptance.errors import AcceptanceError
from acceptance.left import Left, what_is_left
from acceptance.report import Report
from acceptance.stack import Stack
from components.backups.operator_bucket import OperatorBucket
from components.shared.s3 import S3Error


@dataclass
class CleanUp:
    """The deletion of one run's cluster, backups and stack."""

    stack: Stack
    digitalocean: Account
    cloudflare: Account | None
    """``None`` for a stack without DNS records."""
    report: Report
    say: Callable[[str], None]
    _problems: list[str] = field(default_factory=list[str], init=False)

    def run(self) -> None:
        """Delete everything, and look for what is left. One problem does not prevent the rest.

        Raises ``AcceptanceError`` at the end if anything is left or unknown. A backup that must not be deleted is only
        noted.
        """
        self._try("the probe", self._delete_probe)
        self._try("pulumi destroy", self._destroy)
        self._try("what is in no state", self._delete_left)
        self._delete_backups()
        left: list[str] = ["unknown"]
        try:
            left = [str(one) for one in self._left()]
        except AcceptanceError as error:
            self._problems.append(f"what is left: {error}")
        self.report.note(left=left)
        if not left and not self._problems:
            self._try("the stack", self._remove_stack)
        if left or self._problems:
            what = (
                f"not everything is deleted. Left: {', '.join(left)}."
                if left
                else f"stack {self.stack.name} is not removed, because a step before failed."
            )
            raise AcceptanceError(
                f"{what}\n"
                + "\n".join(self._problems)
                + f"\nRemove the cause, then run:\n    make acceptance STACK={self.stack.source} "
                f"ARGS='--delete {self.stack.name}'"
            )

    def _try(self, what: str, delete: Callable[[], None]) -> None:
        try:
            delete()
        except AcceptanceError as error:
            self.say(f"{what}: {error}")
            self._problems.append(f"{what}: {error}")

    def _delete_probe(self) -> None:
        """The probe is in the VPC, which could not be deleted otherwise."""
        for one in self._left("droplet"):
            if one.name.startswith("probe."):
                one.delete()

    def _destroy(self) -> None:
        if not self.stack.exists():
            return
        # A killed run leaves its lock. Nobody else runs this stack, because its name is random.
        self.stack.unlock()
        try:
            self.stack.destroy()
        except AcceptanceError as error:
            self.say(f"{error}\nIt is tried again without the droplets that are left")
            # A killed run leaves droplets in no state, and they hold volumes and VPC.
            for one in self._left("droplet"):
                one.delete()
            self.stack.destroy()

    def _delete_left(self) -> None:
        for one in self._left():
            self.say(f"deleting {one}, which is in no state")
            self._try(str(one), one.delete)

    def _remove_stack(self) -> None:
        if self.stack.exists():
            self.stack.remove()

    def _left(self, *kinds: str) -> list[Left]:
        """What is left of the kinds, or of all kinds."""
        settings, cluster = self.stack.settings, self.stack.cluster
        found = what_is_left(self.digitalocean, self.cloudflare, settings, cluster)
        return [one for one in found if not kinds or one.kind in kinds]

    def _delete_backups(self) -> None:
        """Delete the backups of this cluster alone: they are below its name."""
        target = self.stack.backup_target()
        if target is None:
            return
        bucket = OperatorBucket(target)
        try:
            for one in bucket.list(target.prefix).objects:
                bucket.delete(one.key)
        except S3Error as error:
            self.report.note(backups_left=f"{target.prefix}: {error}")
            self.say(
                f"the backups below {target.prefix} stay in the bucket {target.bucket}: {error}. They expire if the "
                "bucket has a rule for that, or delete them by hand"
            )
