"""One step of a change that a cluster makes in steps, and what it may follow on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from components.changes.immutable_settings import members_trust_each_other
from components.changes.stash_record import Recorded
from components.changes.version_order import version_refusals
from components.config.settings import Settings
from components.shared.versions import minor_version, parse_version


@dataclass(frozen=True)
class StagedSettings(Recorded):
    """What reaches the members one at a time, while the others still have what was before."""

    version: str
    release_url: str
    """Where the release is, with the version already in it."""
    release_sha256: str
    authorities: tuple[int, ...]

    @staticmethod
    def of(settings: Settings) -> StagedSettings:
        """What these settings ask for."""
        return StagedSettings(
            version=settings.version,
            release_url=settings.release_url.replace("{version}", settings.version),
            release_sha256=settings.release_checksum,
            authorities=settings.authorities,
        )


def goes_back(old: StagedSettings | None, new: StagedSettings) -> bool:
    """Whether an older version follows, which is for the members to say: the one before may have reached none."""
    return old is not None and parse_version(new.version) < parse_version(old.version)


def refusals(old: StagedSettings, new: StagedSettings, settings: Settings) -> list[str]:
    """Why ``new`` must not follow on ``old``, whatever members run: key, value, reason and way out, or nothing."""
    return [
        *versions_go_up(old, new, settings),
        *upgrades_go_through_the_gates(old, new, settings),
        *members_trust_each_other(old.authorities, new.authorities),
    ]


def versions_go_up(old: StagedSettings, new: StagedSettings, settings: Settings) -> Iterator[str]:
    """One minor version at a time, and from the patch releases that upstream asks for."""
    if not goes_back(old, new):
        yield from version_refusals(old.version, new.version, checksum_given=bool(settings.release_sha256))


def upgrades_go_through_the_gates(
    old: StagedSettings, new: StagedSettings, settings: Settings
) -> Iterator[str]:
    """Members of two minor versions meet, and their logs are prepared, one member at a time only."""
    if settings.rollout == "all-at-once" and minor_version(old.version) != minor_version(new.version):
        yield (
            f"etcd:version is {new.version}, and the cluster has {old.version}: another minor version is never reached "
            "with etcd:rollout all-at-once. Remove etcd:rollout, or leave the version as it is in this run"
        )
