"""One step of a change that a cluster makes in steps, and what it may follow on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from components.record import Recorded
from components.settings import Settings
from components.transition import members_trust_each_other
from components.upgrades import minor, version_refusals


@dataclass(frozen=True)
class Step(Recorded):
    """What reaches the members one at a time, while the others still have what was before."""

    version: str
    release_url: str
    """Where the release is, with the version already in it."""
    release_sha256: str
    authorities: tuple[int, ...]

    @staticmethod
    def of(settings: Settings) -> Step:
        """What these settings ask for."""
        return Step(
            version=settings.version,
            release_url=settings.release_url.replace("{version}", settings.version),
            release_sha256=settings.release_checksum,
            authorities=settings.authorities,
        )


def refusals(old: Step, new: Step, settings: Settings) -> list[str]:
    """Why ``new`` must not follow on ``old``: key, value, reason and way out, or nothing."""
    return [
        *version_refusals(old.version, new.version, checksum_given=bool(settings.release_sha256)),
        *upgrades_go_through_the_gates(old, new, settings),
        *members_trust_each_other(old.authorities, new.authorities),
    ]


def upgrades_go_through_the_gates(old: Step, new: Step, settings: Settings) -> Iterator[str]:
    """Members of two minor versions meet, and their logs are prepared, one member at a time only."""
    if settings.rollout == "all-at-once" and minor(old.version) != minor(new.version):
        yield (
            f"etcd:version is {new.version}, and the cluster has {old.version}: another minor version is never reached "
            "with etcd:rollout all-at-once. Remove etcd:rollout, or leave the version as it is in this run"
        )
