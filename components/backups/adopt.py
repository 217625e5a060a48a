"""Uploads a snapshot of any cluster under the name that backups have, so that a new cluster can start from it.

Run it where ``pulumi up`` runs: ``uv run python -m components.backups.adopt snapshot.db``.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ..config.backup_settings import backup_target
from ..config.errors import ConfigurationError
from ..config.settings import VERSION, Settings
from ..shared.compression import SnapshotError, compress
from ..shared.s3 import Bucket, S3Error
from ..shared.stored_backups import Snapshot
from ..shared.versions import minor_version
from .operator_bucket import OperatorBucket
from .snapshot_file import SnapshotFile, SnapshotFileError, read_snapshot
from .stack_file import StackError, read_stack

MIB = 1 << 20
GIB = 1 << 30
UPLOADER = "adopted"
"""In the object's metadata, in place of the member that uploaded it."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class AdoptionError(Exception):
    """The snapshot is not uploaded. The text says why, and what to do."""


class UncheckedError(Exception):
    """The snapshot was sent, and the bucket does not show it as it should be."""


@app.command()
def adopt(
    snapshot: Annotated[Path, typer.Argument(help="A file that etcdctl snapshot save has written.")],
    stack: Annotated[
        str, typer.Option(help="The stack whose bucket gets it. Default: the one that is selected.")
    ] = "",
    etcd_version: Annotated[
        str,
        typer.Option(help="The version of etcd that took it. Needed only for a snapshot of etcd before 3.5."),
    ] = "",
) -> None:
    """Check a snapshot, and upload it to the bucket for backups, so that a new cluster can start from it."""
    cluster, settings = read_stack(stack, Path.cwd())
    target = backup_target(settings, cluster=cluster, region=settings.region)
    if target is None:
        raise AdoptionError("there is no bucket: set etcd:backupBucket and its keys, docs/backup.md")
    content = read_snapshot(snapshot)
    version = etcd_version or content.version
    key, sent = upload(snapshot, content, OperatorBucket(target), target.prefix, version)
    typer.echo(
        f"{f'Uploaded {snapshot}' if sent else f'{snapshot} is in the bucket already'}: revision {content.revision}, "
        f"{content.keys} keys, {_size(content.size)}."
    )
    for line in notes(content, version, settings):
        typer.echo(f"- {line}")
    typer.echo("To start a cluster from it, on a stack that has none:\n")
    chosen = f" --stack {stack}" if stack else ""
    typer.echo(f"    pulumi config set etcd:restoreFrom {key}{chosen}\n    pulumi up{chosen}")


def upload(file: Path, content: SnapshotFile, bucket: Bucket, prefix: str, version: str) -> tuple[str, bool]:
    """Upload a snapshot, unless it is there already. Returns the object's key, and whether it was sent.

    Raises ``AdoptionError``, ``SnapshotError`` and ``S3Error``, and ``UncheckedError`` after it was sent.
    """
    if not VERSION.fullmatch(version):
        raise AdoptionError(
            f"{file} does not tell which etcd took it, as before etcd 3.5: add --etcd-version, such as 3.4.37"
            if not version
            else f"--etcd-version is {version}: write a version such as 3.4.37"
        )
    if content.version and minor_version(version) != minor_version(content.version):
        raise AdoptionError(
            f"--etcd-version is {version}: etcd {content.version} took {file}. Leave the option out"
        )
    taken = datetime.fromtimestamp(file.stat().st_mtime, UTC).strftime("%Y%m%dT%H%M%SZ")
    with tempfile.TemporaryDirectory() as folder:
        free = shutil.disk_usage(folder).free
        if free < content.size:
            raise AdoptionError(
                f"{folder} has {_size(free)} free, and the compressed snapshot may need {_size(content.size)}: "
                "free some space, or set TMPDIR to another folder"
            )
        packed = Path(folder) / "snapshot.db.gz"
        sha256 = compress(file, packed)
        named = Snapshot(taken, content.revision, content.keys, version, content.origin, sha256)
        key, size = prefix + named.name, packed.stat().st_size
        sent = key not in {stored.key for stored in bucket.list(key).objects if stored.size == size}
        if sent:
            bucket.upload(key, packed, sha256, named.metadata(UPLOADER))
            try:
                stored = bucket.size(key)
            except S3Error as error:
                raise UncheckedError(f"{key} was uploaded, and its size is not known: {error}") from None
            if stored != size:
                # Otherwise it would count as a backup. A negative size is unknown.
                if stored >= 0:
                    with suppress(S3Error):
                        bucket.delete(key)
                raise UncheckedError(
                    f"{key} has {stored} bytes in the bucket instead of {size}: run this again"
                )
    return key, sent


def notes(content: SnapshotFile, version: str, settings: Settings) -> Iterator[str]:
    """What whoever restores a snapshot has to know about it. ``version`` is that of the etcd that took it."""
    if minor_version(version) > minor_version(settings.version):
        yield (
            f"etcd {settings.version} (etcd:version) cannot read data of etcd {version}: set etcd:version to that "
            "minor version before the restore."
        )
    yield "Its members are replaced by those of the new cluster. Their names, addresses and certificates do not matter."
    if not content.keys:
        yield "It has no keys."
    if content.authentication:
        yield (
            "Authentication is on in it, and stays on. Set etcd:auth to true for the restore: users and roles of "
            "etcd:clients are then made or repaired, and others stay as they are. With etcd:auth false, pulumi up "
            "switches it off. With etcd:auth unset, pulumi up cannot check the members, and they take no backups."
        )
    if content.alarms:
        yield (
            f"The alarm {' and '.join(content.alarms)} is raised in it, and stays raised: after the restore, remove "
            "the cause, and run etcdctl alarm disarm."
        )
    if content.leases:
        yield (
            f"It has {content.leases} leases. They begin anew after the restore: keys of a lease that no client keeps "
            "alive expire after its time to live."
        )
    if content.size > settings.quota_gib * GIB:
        yield (
            f"It is larger than etcd:quotaGiB ({settings.quota_gib}), so the new cluster would refuse writes: raise "
            "the quota before the restore."
        )


def _size(size: int) -> str:
    return f"{size / MIB:.1f} MiB"


def main() -> None:
    """Run the command line. An error is printed without a traceback."""
    try:
        app()
    except UncheckedError as error:
        typer.echo(f"adopt: {error}", err=True)
        sys.exit(1)
    except (
        AdoptionError,
        ConfigurationError,
        S3Error,
        SnapshotError,
        SnapshotFileError,
        StackError,
    ) as error:
        typer.echo(f"Nothing was uploaded: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
