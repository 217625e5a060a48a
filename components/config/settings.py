"""The settings of a stack, validated before any resource is registered."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from ..shared.names import member_name
from ..shared.versions import minor_version
from .access_settings import AccessSettings
from .backup_settings import BackupSettings
from .errors import ConfigurationError, ConflictingSettingsError
from .etcd_flags import VERSIONS
from .etcd_settings import EtcdSettings
from .naming import key_of, names
from .releases import CHECKSUMS, CHECKSUMS_URL, RELEASE_URL
from .values import (
    HEADER_VALUE,
    NO_HEADER_VALUE,
    DomainName,
    EmailAddress,
    KeyReference,
    ListOf,
    Network,
    ReleaseUrl,
    Slug,
    SubjectName,
    Url,
    VpcId,
    ZoneId,
    ZoneName,
)

VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
SHA256 = re.compile(r"[0-9a-f]{64}")
COMPACTION_DURATION = re.compile(r"[1-9][0-9]{0,7}[sm]|[1-9][0-9]{0,5}h")
COMPACTION_REVISIONS = re.compile(r"[1-9][0-9]{0,17}")
"""etcd keeps durations as nanoseconds and revisions in 64 bits, and ends at once if a value is larger."""
LONGEST_DOMAIN = 64 - len("etcd-server-9.")
"""The most characters of a domain.

A member's name is a hostname and a certificate's common name, each of at most 64 characters (hostname(7); RFC 5280,
ub-common-name).
"""
SMALLEST_VOLUME = 2
"""The fewest GiB of a data volume, which is larger than the quota."""
MOST_EXTRA_NAMES = 20
"""The most extra names in a certificate. All of them are in the user data of each droplet."""
CLUSTER_NAME = re.compile(r"[a-z][a-z0-9-]{0,59}")
LIKE_A_MARKER = re.compile(r"(.*)-(up|size-[0-9]+|one-at-a-time|all-at-once|id-[0-9a-f]{12})")
"""Names that are tags of a cluster with the name before the last hyphen: ``components/shared/markers.py``."""
LONGEST_VALIDITY = 2_562_047
"""The most hours of a lifetime.

The provider counts them in nanoseconds of 64 bits, so a certificate with more has ended before it begins
(``validity_period_hours`` in terraform-provider-tls).
"""
HIGHEST_AUTHORITY = 10**9
"""The highest number of an authority. Dates such as 20261129 are numbers, too."""


class Settings(AccessSettings, BackupSettings, EtcdSettings):
    """The settings of one cluster. The keys of the stack's configuration are the field names in camel case."""

    domain: DomainName
    """Members are ``etcd-server-N.<domain>``."""
    discovery_token: SecretStr
    """A DigitalOcean token that is stored on the droplets.

    It has the scopes ``droplet:read`` and ``tag:read``, and the read scopes that the console adds to them.
    """
    client_cidrs: Annotated[ListOf[Network], Field(min_length=1)]
    """The IPv4 networks of clients that may connect to ports 2379 and 2383. The operator's machine is in one."""

    zone: ZoneName = ""
    """The Cloudflare zone that holds the domain. Without it and ``zone_id``, there are no DNS records."""
    zone_id: ZoneId = ""
    """The id of that zone. If it is empty, the zone is found by its name."""

    size: int = 3
    """The number of members: 1, 3, 5, 7 or 9."""
    region: Slug = "fra1"
    image: Slug = "debian-13-x64"
    droplet_size: Slug = "s-2vcpu-2gb"
    addresses: Literal["public", "private"] = "public"
    """Address of a droplet that members and clients use: the public one, or that in the VPC."""
    vpc_id: VpcId = ""
    """The id of an existing VPC. If it is empty, the cluster has a VPC of its own."""
    volume_size: Annotated[int, Field(ge=0, le=16384)] = 10
    """The size of each member's data volume in GiB. With 0, the data is on the droplet's own disk."""
    ssh_keys: ListOf[KeyReference] = ()
    """Ids or fingerprints of the account's SSH keys that may log in as root."""
    ssh_cidrs: ListOf[Network] = ()
    """The IPv4 networks that may connect to port 22."""
    metrics_cidrs: ListOf[Network] = ()
    """The IPv4 networks whose Prometheus may connect to the metrics ports 2382 and 2383."""
    alert_emails: ListOf[EmailAddress] = ()
    """Mail addresses to which DigitalOcean reports that a droplet's disk, CPU or memory is nearly used up."""

    version: str = "3.6.14"
    """Version of etcd, 3.5 or newer, such as ``3.6.14``."""
    release_url: ReleaseUrl = RELEASE_URL
    """URL from which droplets fetch etcd. ``{version}`` stands for the version."""
    release_sha256: str = ""
    """SHA-256 of the file at ``release_url``. Empty takes the one that the program knows for an official release."""
    discovery_api_url: Url = "https://api.digitalocean.com"
    """URL at which the droplets and the health checks reach the DigitalOcean API."""

    ca_validity_hours: Annotated[int, Field(ge=1, le=LONGEST_VALIDITY)] = 87600
    certificate_validity_hours: Annotated[int, Field(ge=1, le=LONGEST_VALIDITY)] = 8760
    certificate_renewal_hours: Annotated[int, Field(ge=0)] = 720
    """Hours before a certificate's end from which on ``pulumi up`` renews it."""

    extra_names: ListOf[SubjectName] = ()
    """More DNS names and IP addresses in the members' server certificates."""

    authorities: ListOf[Annotated[int, Field(ge=1, le=HIGHEST_AUTHORITY)]] = (1,)
    """The numbers of the authorities that members trust. The first one signs. There are two during a replacement."""

    heartbeat_ms: Annotated[int, Field(ge=10, le=5000)] = 100
    election_ms: Annotated[int, Field(ge=50, le=50000)] = 1000
    quota_gib: Annotated[int, Field(ge=1, le=64)] = Field(default=2, alias="quotaGiB")
    """The quota of etcd's database in GiB. etcd's documentation recommends at most 8."""
    compaction_mode: Literal["periodic", "revision"] = "periodic"
    compaction_retention: str = "8h"
    """A duration such as ``8h`` for periodic compaction, or a number of revisions for compaction by revision."""
    health_timeout_seconds: Annotated[int, Field(ge=10, le=7200)] = 600
    """The seconds in which members must become healthy during a run."""
    droplet_timeout_seconds: Annotated[int, Field(ge=10, le=7200)] = 300
    """Seconds that the shutdown, the detaching of the volume and the deletion of a droplet may take together.

    The provider needs about 50 seconds for it, with its pauses. If a member blocks its shutdown, the run requests it
    again until 90 seconds before the end of this time, and fails at the end. With backups on, a run warns of less
    than 210.
    """
    rollout: Literal["one-at-a-time", "all-at-once"] = "one-at-a-time"
    """How changes reach the members.

    ``all-at-once`` is for a cluster whose certificates expired, that never became healthy, or that the operator
    abandons. It needs data volumes.
    """

    protect: bool = False
    """Whether ``pulumi destroy`` is refused."""

    @field_validator("domain")
    @classmethod
    def _short_enough(cls, value: str) -> str:
        if len(value) > LONGEST_DOMAIN:
            raise ValueError(
                f"use at most {LONGEST_DOMAIN} characters: etcd-server-N.<domain> is a hostname and a certificate's "
                "common name, which have at most 64 characters"
            )
        return value

    @field_validator("size")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value < 1 or value > 9 or value % 2 == 0:
            raise ValueError(
                "use an odd number from 1 to 9. An even size tolerates no more failures than the next smaller odd one"
            )
        return value

    @field_validator("volume_size")
    @classmethod
    def _larger_than_a_quota(cls, value: int) -> int:
        if 0 < value < SMALLEST_VOLUME:
            raise ValueError(
                f"use at least {SMALLEST_VOLUME}, because {key_of('quotaGiB')} is at least 1, and the volume must be "
                "larger. With 0, the data is on the droplet's own disk"
            )
        return value

    @field_validator("discovery_token")
    @classmethod
    def _present(cls, value: SecretStr) -> SecretStr:
        token = value.get_secret_value()
        if not token:
            raise ValueError(
                "create a DigitalOcean token with the scopes droplet:read and tag:read, then "
                f"{names().to_set_secret('discoveryToken')}"
            )
        if not HEADER_VALUE.fullmatch(token):
            raise ValueError(f"it {NO_HEADER_VALUE.format('token')}: set it again without it")
        return value

    @field_validator("ssh_cidrs")
    @classmethod
    def _not_the_world(cls, value: tuple[IPv4Network, ...]) -> tuple[IPv4Network, ...]:
        if any(network.prefixlen == 0 for network in value):
            raise ValueError(
                "port 22 is never opened to the whole internet: name the networks from which you log in"
            )
        return value

    @field_validator("version")
    @classmethod
    def _release_number(cls, value: str) -> str:
        if not VERSION.fullmatch(value):
            raise ValueError("write three numbers without a v, such as 3.6.14")
        if minor_version(value) < VERSIONS[0]:
            raise ValueError("the members need etcdutl, which etcd has since 3.5: use 3.5 or newer")
        return value

    @field_validator("release_sha256")
    @classmethod
    def _digest(cls, value: str) -> str:
        if value and not SHA256.fullmatch(value):
            raise ValueError("write 64 lower-case hexadecimal digits, as sha256sum prints them")
        return value

    @field_validator("extra_names")
    @classmethod
    def _few(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) > MOST_EXTRA_NAMES or len(set(value)) < len(value):
            raise ValueError(f"use at most {MOST_EXTRA_NAMES} names and addresses, and each once")
        return value

    @field_validator("authorities")
    @classmethod
    def _one_or_two(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(value) not in {1, 2} or len(set(value)) != len(value):
            raise ValueError("name one CA, or two different CAs during a replacement, such as [1, 2]")
        return value

    @model_validator(mode="after")
    def _has_no_conflicts(self) -> Settings:
        self.check_backup(self.region)
        self.check_flags(self.version)
        self.check_clients()
        if self.zone and self.domain != self.zone and not self.domain.endswith(f".{self.zone}"):
            raise ConflictingSettingsError(
                "domain",
                self.domain,
                f"it is not in the zone {self.zone}: correct {key_of('zone')} or {key_of('domain')}. The domain must "
                f"be the zone, or end with .{self.zone}",
            )
        if not self.release_sha256 and self.version not in CHECKSUMS:
            raise ConflictingSettingsError(
                "version",
                self.version,
                f"this program knows only the checksums of {', '.join(sorted(CHECKSUMS))}. "
                + names().to_find_checksum(self.version, CHECKSUMS_URL.format(version=self.version)),
            )
        if not self.release_sha256 and self.release_url != RELEASE_URL:
            raise ConflictingSettingsError(
                "releaseUrl",
                self.release_url,
                f"a mirror may have other files than etcd-io. Set {key_of('releaseSha256')} as well",
            )
        known = CHECKSUMS.get(self.version)
        if self.release_url == RELEASE_URL and known and self.release_sha256 not in {"", known}:
            raise ConflictingSettingsError(
                "releaseSha256",
                self.release_sha256,
                f"etcd-io's release {self.version} has the checksum {known}, so no member could install it. The set "
                f"one may be left from another version. The program knows that of {self.version}: "
                f"{names().to_remove('releaseSha256')}",
            )
        if self.certificate_validity_hours <= self.certificate_renewal_hours:
            raise ConflictingSettingsError(
                "certificateValidityHours",
                self.certificate_validity_hours,
                f"it must be longer than {key_of('certificateRenewalHours')}, {self.certificate_renewal_hours}. "
                "Otherwise every run would renew all certificates",
            )
        if self.ca_validity_hours <= self.certificate_validity_hours:
            raise ConflictingSettingsError(
                "caValidityHours",
                self.ca_validity_hours,
                f"it must be longer than {key_of('certificateValidityHours')}, {self.certificate_validity_hours}, "
                "because a certificate cannot outlive its CA",
            )
        if self.election_ms < 5 * self.heartbeat_ms:
            raise ConflictingSettingsError(
                "electionMs",
                self.election_ms,
                f"etcd requires at least five times {key_of('heartbeatMs')}: use {5 * self.heartbeat_ms} or more",
            )
        if 0 < self.volume_size <= self.quota_gib:
            raise ConflictingSettingsError(
                "quotaGiB",
                self.quota_gib,
                f"the data volume has {self.volume_size} GiB: set a smaller quota, or a larger {key_of('volumeSize')}",
            )
        if self.rollout == "all-at-once" and self.volume_size == 0:
            raise ConflictingSettingsError(
                "rollout",
                self.rollout,
                f"with {key_of('volumeSize')} 0 it would delete the data of every member. Use one-at-a-time. For a "
                "cluster that never became healthy: docs/lifecycle.md, All at once",
            )
        pattern = COMPACTION_DURATION if self.compaction_mode == "periodic" else COMPACTION_REVISIONS
        if not pattern.fullmatch(self.compaction_retention):
            example = (
                "a duration such as 8h or 30m, of at most six digits for hours and eight for minutes or seconds"
                if pattern is COMPACTION_DURATION
                else "a number of revisions such as 10000, of at most 18 digits"
            )
            raise ConflictingSettingsError(
                "compactionRetention",
                self.compaction_retention,
                f"{key_of('compactionMode')} {self.compaction_mode} needs {example}",
            )
        return self

    @property
    def has_records(self) -> bool:
        """Whether the members have DNS records at Cloudflare."""
        return bool(self.zone or self.zone_id)

    @property
    def member_names(self) -> tuple[str, ...]:
        """The names of all members in order. They are also the hostnames of the droplets."""
        return tuple(member_name(number, self.domain) for number in range(1, self.size + 1))

    @property
    def creation_timeout_seconds(self) -> int:
        """The seconds in which a droplet must be created. They are never fewer than those for its member's health."""
        return max(self.health_timeout_seconds, self.droplet_timeout_seconds)

    @property
    def change_limit_seconds(self) -> int:
        """The seconds in which a run changes all members one after the other, or has failed to."""
        one = self.health_timeout_seconds + self.droplet_timeout_seconds + self.creation_timeout_seconds
        return (self.size + 1) * one

    @property
    def release_checksum(self) -> str:
        """SHA-256 of the release that droplets install."""
        return self.release_sha256 or CHECKSUMS[self.version]


def cluster_name(project: str, stack: str) -> str:
    """The tag of a cluster's droplets, and the name of its firewall and volumes: ``etcd-<project>-<stack>``.

    Raises ``ConfigurationError`` for a name that DigitalOcean rejects for a volume. It may have lower-case letters,
    digits and hyphens, and at most 64 characters with the member's number.
    """
    name = f"etcd-{project}-{stack}"
    if not CLUSTER_NAME.fullmatch(name):
        raise ConfigurationError(
            f"the stack's name is {stack}: use only lower-case letters, digits and hyphens, and keep {name} within "
            "60 characters, because the volumes are named after it"
        )
    return name
