"""The settings of backups, and the part of them that droplets receive."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr
from pydantic.alias_generators import to_camel

from ..shared.backups import LATEST, SUFFIX
from .errors import ConflictingSettingsError
from .naming import key_of, names
from .values import HEADER_VALUE, NO_HEADER_VALUE, PRIVATE_KEY, checked_url

BUCKET = re.compile(
    r"(?=.{3,63}$)(?!\d+(\.\d+){3}$)[a-z0-9]+(-+[a-z0-9]+)*(\.[a-z0-9]+(-+[a-z0-9]+)*)*", re.ASCII
)
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""
PREFIX = re.compile(r"([A-Za-z0-9._-]+/)*")
DURATION = re.compile(r"([1-9][0-9]{0,8})([smhd])")
SECONDS_BY_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86400}
KEEP_ALL = "0"
SPACES_ENDPOINT = re.compile(r"https://([a-z0-9]+)\.digitaloceanspaces\.com")
S3_HOST = re.compile(
    r"([a-z0-9]+\.digitaloceanspaces|s3[a-z0-9.-]*\.amazonaws|\w+(\.\w+)?\.r2\.cloudflarestorage)\.com"
)
"""The host of a service that also has a host for each bucket. Requests of the members have the bucket in the path."""
SPACES_REGIONS = frozenset(
    {"ams3", "atl1", "blr1", "fra1", "lon1", "nyc3", "sfo2", "sfo3", "sgp1", "syd1", "tor1"}
)
"""The regions in which the DigitalOcean provider creates buckets (``digitalocean/spaces/spaces_entities.go``)."""
AES256 = "AES256"
"""Encryption by the S3 server with keys of its own (SSE-S3)."""
KMS = "aws:kms"
"""Encryption by the S3 server with a key of a key management service (SSE-KMS)."""
KMS_KEY = re.compile(rf"{KMS}:([!-~]+)")
"""A key with the characters that a header of a request can have."""
SHORTEST_INTERVAL = 60
"""The shortest interval between two backups, in seconds. Members check every 15 seconds whether one is due."""

LAST_BACKUP_SECONDS = 120
"""Seconds that the last backup may delay a shutdown: ``TimeoutStopSec`` of ``etcd-last-backup.service``."""
DELETION_SECONDS = 90
"""Seconds that the provider's deletion needs after a machine has received a shutdown request.

The machine is off within 40 s. The provider observes that after 10 s at most, and then needs two pauses of 10 s, each
with an observation after it: for the volume's detachment and for the droplet's deletion.
"""


def _endpoint(value: str) -> str:
    if value and not re.fullmatch(r"https://[^\s/]+/?", value):
        raise ValueError(
            "write https:// and a host, such as https://fra1.digitaloceanspaces.com. Backups contain all values of the "
            f"cluster, so plain HTTP is not allowed. Remove it for DigitalOcean's Spaces in {key_of('region')}"
        )
    return checked_url(value) if value else ""


def _bucket(value: str) -> str:
    if value and not BUCKET.fullmatch(value):
        raise ValueError(
            "write a bucket's name: 3 to 63 lower-case letters, digits, hyphens and dots, with a letter or a digit "
            "at each end and beside each dot, and no IP address"
        )
    return value


def _region(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]*", value):
        raise ValueError("write the name of a region, such as fra1 or eu-central-1, and no URL")
    return value


def _prefix(value: str) -> str:
    if not PREFIX.fullmatch(value):
        raise ValueError(
            "write folders that end with a slash, such as production/etcd/, or remove it for the cluster's name"
        )
    return value


def _interval(value: str) -> str:
    if not DURATION.fullmatch(value) or in_seconds(value) < SHORTEST_INTERVAL:
        raise ValueError("write a duration of at least one minute, such as 15m, 1h or 1d")
    return value


def _retention(value: str) -> str:
    if value != KEEP_ALL and not DURATION.fullmatch(value):
        raise ValueError("write a duration such as 30d or 72h, or 0 to keep all backups")
    return value


def _backup_name(value: str) -> str:
    if value and value != LATEST and not value.endswith(SUFFIX):
        raise ValueError(
            "write latest, or the name of a backup in the bucket, which ends with .db.gz. Add the folders of a backup "
            "that is not below this cluster's prefix"
        )
    return value


def _encryption(value: str) -> str:
    if value and value not in {AES256, KMS} and not KMS_KEY.fullmatch(value):
        raise ValueError(
            "write AES256, aws:kms, or aws:kms: and the id or ARN of a key. Remove it to ask for no encryption"
        )
    return value


def _authority(value: str) -> str:
    if not value:
        return value
    if PRIVATE_KEY in value:
        raise ValueError("write the certificate of the authority alone, without any key")
    try:
        # What members do with it.
        ssl.create_default_context(cadata=value)
    except (ssl.SSLError, ValueError, TypeError):
        raise ValueError(
            "write the text of a PEM file, from -----BEGIN CERTIFICATE----- on, with its line breaks and in ASCII "
            f"characters: {names().to_set_file('backupCaCertificate', 'ca.pem')}. Without it, members trust public "
            "authorities"
        ) from None
    return value


def _key(value: SecretStr) -> SecretStr:
    key = value.get_secret_value()
    if key and not HEADER_VALUE.fullmatch(key):
        raise ValueError(f"it {NO_HEADER_VALUE.format('key')}: set it again without it")
    return value


class BackupSettings(BaseModel):
    """The keys ``etcd:backup…`` of a stack's configuration."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    backup_bucket: Annotated[str, AfterValidator(_bucket)] = ""
    """The bucket for backups. If it is empty, there are none."""
    backup_bucket_create: bool = False
    """Whether the program creates the bucket in DigitalOcean's Spaces if the account does not have it."""
    backup_endpoint: Annotated[str, AfterValidator(_endpoint)] = ""
    """The S3 endpoint. If it is empty, it is that of Spaces in the cluster's region."""
    backup_region: Annotated[str, AfterValidator(_region)] = ""
    """Region in the signatures of requests. Empty is the cluster's region."""
    backup_prefix: Annotated[str, AfterValidator(_prefix)] = ""
    """Start of the objects' names. Empty is the cluster's name and a slash."""
    backup_interval: Annotated[str, AfterValidator(_interval)] = "1h"
    backup_retention: Annotated[str, AfterValidator(_retention)] = "30d"
    """The time after which members delete backups; ``0`` keeps all of them."""
    backup_access_key: Annotated[SecretStr, AfterValidator(_key)] = SecretStr("")
    backup_secret_key: Annotated[SecretStr, AfterValidator(_key)] = SecretStr("")
    """The keys, which must be able to list, read and write objects. They are stored on the droplets."""
    backup_ca_certificate: Annotated[str, AfterValidator(_authority)] = ""
    """PEM of the authority that signed the endpoint's certificate. If it is empty, public authorities are trusted."""
    backup_encryption: Annotated[str, AfterValidator(_encryption)] = ""
    """The encryption by the S3 server that uploads ask for, because a policy of the bucket demands it."""
    restore_from: Annotated[str, AfterValidator(_backup_name)] = ""
    """The backup from which a new cluster bootstraps: ``latest`` or a name. Empty bootstraps it without data."""

    def check_backup(self, region: str) -> None:
        """Raise ``ConflictingSettingsError`` if well-formed keys conflict. ``region`` is the cluster's."""
        keys = {"backupAccessKey": self.backup_access_key, "backupSecretKey": self.backup_secret_key}
        given = [key for key, value in keys.items() if value.get_secret_value()]
        if not self.backup_bucket:
            if self.restore_from:
                raise ConflictingSettingsError(
                    "restoreFrom",
                    self.restore_from,
                    f"there is no bucket to restore from: set {key_of('backupBucket')} and its keys",
                )
            useless = {
                "backupEndpoint": self.backup_endpoint,
                "backupBucketCreate": self.backup_bucket_create,
                "backupEncryption": self.backup_encryption,
                "backupPrefix": self.backup_prefix,
                "backupRegion": self.backup_region,
                "backupCaCertificate": self.backup_ca_certificate,
            }
            given += [key for key, value in useless.items() if value]
            if given:
                raise ConflictingSettingsError(
                    given[0],
                    "set",
                    f"backups also need a bucket: set {key_of('backupBucket')}, or remove the key",
                )
            return
        for needed in keys:
            if needed not in given:
                raise ConflictingSettingsError(
                    needed,
                    "not set",
                    f"the bucket {self.backup_bucket} needs it: {names().to_set_secret(needed)}",
                )
        host = self.backup_endpoint.removeprefix("https://")
        service = host.removeprefix(f"{self.backup_bucket}.")
        if service != host and S3_HOST.fullmatch(service):
            raise ConflictingSettingsError(
                "backupEndpoint",
                self.backup_endpoint,
                f"it begins with the bucket's name, which requests have in their path: write https://{service}",
            )
        if self.backup_bucket_create and spaces_region(self, region) not in SPACES_REGIONS:
            raise ConflictingSettingsError(
                "backupBucketCreate",
                "true",
                f"DigitalOcean has no Spaces in {spaces_region(self, region)}: set {key_of('backupEndpoint')} to "
                f"another region's, such as https://fra1.digitaloceanspaces.com, and {key_of('backupRegion')} to that "
                f"region (one of {', '.join(sorted(SPACES_REGIONS))})",
            )
        if self.backup_encryption and SPACES_ENDPOINT.fullmatch(s3_endpoint(self, region)):
            raise ConflictingSettingsError(
                "backupEncryption",
                self.backup_encryption,
                "Spaces encrypts with a key of the client's alone, and the members have none. Remove the key, or use "
                f"another S3 server ({key_of('backupEndpoint')})",
            )
        shortest = 2 * in_seconds(self.backup_interval)
        if self.backup_retention != KEEP_ALL and in_seconds(self.backup_retention) < shortest:
            raise ConflictingSettingsError(
                "backupRetention",
                self.backup_retention,
                f"keep backups for at least two intervals of {self.backup_interval} ({key_of('backupInterval')}), or "
                "set 0 to keep all",
            )


@dataclass(frozen=True)
class BackupTarget:
    """The bucket for backups and its schedule, as droplets receive them."""

    endpoint: str
    bucket: str
    region: str
    prefix: str
    interval: int
    """Seconds."""
    retention: int
    """Seconds; 0 keeps all backups."""
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    ca_certificate: str = field(repr=False)
    upload_headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers of the requests that begin an upload."""

    def as_json(self) -> dict[str, Any]:
        """The content of the droplet's ``backup.json``."""
        return dict(vars(self))


def s3_endpoint(settings: BackupSettings, region: str) -> str:
    """The endpoint to which members upload. ``region`` is the cluster's."""
    return settings.backup_endpoint or f"https://{region}.digitaloceanspaces.com"


def spaces_region(settings: BackupSettings, region: str) -> str:
    """The region of the bucket that the program creates: the endpoint's if that names one, else the cluster's."""
    named = SPACES_ENDPOINT.fullmatch(s3_endpoint(settings, region))
    return named[1] if named else region


def backup_target(settings: BackupSettings, *, cluster: str, region: str) -> BackupTarget | None:
    """The bucket and schedule for the backups of ``cluster``; ``None`` if backups are off."""
    if not settings.backup_bucket:
        return None
    return BackupTarget(
        endpoint=s3_endpoint(settings, region),
        bucket=settings.backup_bucket,
        region=settings.backup_region or region,
        prefix=settings.backup_prefix or f"{cluster}/",
        interval=in_seconds(settings.backup_interval),
        retention=0 if settings.backup_retention == KEEP_ALL else in_seconds(settings.backup_retention),
        access_key=settings.backup_access_key.get_secret_value(),
        secret_key=settings.backup_secret_key.get_secret_value(),
        ca_certificate=settings.backup_ca_certificate,
        upload_headers=encryption_headers(settings.backup_encryption),
    )


def encryption_headers(encryption: str) -> dict[str, str]:
    """The headers that ask an S3 server for an encryption, as ``etcd:backupEncryption`` names it.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-s3-encryption.html
    """
    header = "x-amz-server-side-encryption"
    if key := KMS_KEY.fullmatch(encryption):
        return {header: KMS, f"{header}-aws-kms-key-id": key[1]}
    return {header: encryption} if encryption else {}


def backup_summary(settings: BackupSettings, target: BackupTarget | None) -> str:
    """Describe backups in one line for the stack's outputs."""
    if target is None:
        wanted = f"{key_of('backupBucket')}, {key_of('backupAccessKey')} and {key_of('backupSecretKey')}"
        return f"off: set {wanted} to use them (docs/backup.md)"
    kept = "all kept" if not target.retention else f"kept for {settings.backup_retention}"
    return f"every {settings.backup_interval} to {target.endpoint}/{target.bucket}/{target.prefix}, {kept}"


def short_deletion(settings: BackupSettings, droplet_timeout: int) -> str:
    """The warning about an ``etcd:dropletTimeoutSeconds`` in which a last backup may not end; else empty."""
    least = LAST_BACKUP_SECONDS + DELETION_SECONDS
    if not settings.backup_bucket or droplet_timeout >= least:
        return ""
    return (
        f"{key_of('dropletTimeoutSeconds')} is {droplet_timeout}: with backups on, the last backup may delay a "
        f"droplet's shutdown by {LAST_BACKUP_SECONDS} s, and then pulumi destroy fails and must be run again: use "
        f"{least} or more"
    )


def in_seconds(duration: str) -> int:
    """Convert a duration such as ``90s``, ``15m``, ``8h`` or ``30d`` to seconds."""
    number, unit = DURATION.fullmatch(duration).groups()  # type: ignore[union-attr]
    return int(number) * SECONDS_BY_UNIT[unit]
