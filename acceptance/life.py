"""The steps of an acceptance run: the whole life of a cluster, with an application that writes to it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from acceptance.account import Account
from acceptance.errors import AcceptanceError
from acceptance.probe import Probe
from acceptance.report import Report
from acceptance.stack import MEMBERS, Change, Stack
from acceptance.writer import Writer
from components.backups.operator_bucket import OperatorBucket
from components.config.backup_settings import BackupTarget
from components.shared.names import member_name
from components.shared.s3 import S3Error

SCALED = 5
"""Members of the largest size."""

LEAST_TXN_OPS = 17
"""More than the least of ``etcd:maxTxnOps``, so that there is always another value."""

RECOVERY_SECONDS = 120.0
"""Seconds in which a write must be acknowledged after a step."""


@dataclass
class Life:
    """One run."""

    stack: Stack
    digitalocean: Account
    report: Report
    say: Callable[[str], None]
    short: bool

    def live(self) -> None:
        """Go through all steps. The stack exists and is empty. Raises ``AcceptanceError``."""
        stack, settings = self.stack, self.stack.settings
        self._run("preview", stack.preview)
        self._run("up", stack.up)
        writer = Writer(stack.outputs(), self._addresses)
        writer.start()
        try:
            with self._writing("no change", writer):
                self._run("no change", lambda: stack.up("--expect-no-changes"))
            with self._writing("a setting", writer):
                stack.set("maxTxnOps", str(max(LEAST_TXN_OPS, settings.max_txn_ops - 1)))
                self._run("a setting", stack.up)
            with self._writing("replace", writer):
                urn = stack.droplet_urn(member_name(2, settings.domain))
                self._run("replace", lambda: stack.up("--replace", urn))
            if not self.short:
                for size in (SCALED, MEMBERS):
                    with self._writing(f"scale to {size}", writer):
                        stack.set("size", str(size))
                        self._run(f"scale to {size}", stack.up)
            self.say("probe: a droplet beside the members")
            beside = member_name(1, settings.domain)
            self.report.step("probe", **self._probe().run(beside))
        finally:
            writer.stop()
        self._run("destroy", stack.destroy)
        target = stack.backup_target()
        if target is None:
            self.report.step("restore", left_out=stack.backups_left_out or "etcd:backupBucket is not set")
            return
        self.report.step("backups", stored=self._backups(target))
        stack.set("restoreFrom", "latest")
        self._run("restore", stack.up)
        writer.use(stack.outputs())
        self._expect_no_loss("restore", writer)
        self._run("destroy after the restore", stack.destroy)

    def _run(self, name: str, change: Callable[[], Change]) -> None:
        self.say(f"{name}: pulumi runs")
        try:
            done = change()
        except AcceptanceError as error:
            self.report.step(name, failed=str(error))
            raise
        self.report.step(name, seconds=done.seconds, resources=done.resources)
        self.say(f"{name}: {done.seconds} s")

    @contextmanager
    def _writing(self, name: str, writer: Writer) -> Generator[None]:
        """Write during a step, and see afterwards that nothing is lost."""
        writer.wait(RECOVERY_SECONDS)
        writer.take()
        yield
        writer.use(self.stack.outputs())
        writer.wait(RECOVERY_SECONDS)
        written = writer.take()
        self.report.step(
            f"{name}: writes",
            acknowledged=written.acknowledged,
            longest_stall_seconds=written.longest_stall_seconds,
        )
        self.say(
            f"{name}: {written.acknowledged} writes, the longest stall {written.longest_stall_seconds} s"
        )
        self._expect_no_loss(name, writer)

    def _expect_no_loss(self, name: str, writer: Writer) -> None:
        lost = writer.lost()
        self.report.step(f"{name}: lost writes", lost=lost, of=writer.acknowledged)
        if lost:
            raise AcceptanceError(f"{name}: {lost} acknowledged writes are lost")

    def _addresses(self) -> dict[str, str]:
        """The addresses at which members answer, from the listing of the cluster's droplets."""
        return {
            droplet["name"]: one["ip_address"]
            for droplet in self.digitalocean.list("droplets", tag_name=self.stack.cluster)
            for one in droplet["networks"]["v4"]
            if one["type"] == "public"
        }

    def _probe(self) -> Probe:
        return Probe(self.digitalocean, self.stack.settings, self.stack.cluster, self.say)

    def _backups(self, target: BackupTarget) -> list[dict[str, Any]]:
        try:
            listed = OperatorBucket(target).list(target.prefix).objects
        except S3Error as error:
            raise AcceptanceError(f"the bucket of the backups does not list them: {error}") from None
        return [{"key": one.key, "bytes": one.size} for one in listed]
