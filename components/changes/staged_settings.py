"""The settings that change in steps, and which step may follow which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from ..config.naming import key_of
from ..config.settings import Settings
from ..shared.versions import minor_version, parse_version
from .auth_rules import authentication_is_switched_off_first, recorded_auth
from .immutable_settings import members_trust_each_other
from .stash_record import Recorded
from .upgrade_rules import upgrade_problems


@dataclass(frozen=True)
class StagedSettings(Recorded):
    """Settings that reach one member at a time, while the other members still have the previous ones."""

    version: str
    release_url: str
    """The URL of the release, which contains the version."""
    release_sha256: str
    authorities: tuple[int, ...]
    auth: str = ""
    """Whether etcd enforces permissions: ``Auth`` in components/changes/auth_rules.py."""

    def as_record(self) -> dict[str, Any]:
        """The input of the stash. It says nothing of authentication until that is set."""
        return {name: value for name, value in super().as_record().items() if name != "auth" or value}

    def as_recorded(self, record: Mapping[str, Any]) -> Self:
        """The values that an earlier run recorded. Authentication was not set if it did not record it."""
        return super().as_recorded({"auth": "", **record})

    @staticmethod
    def of(settings: Settings) -> StagedSettings:
        """The staged settings of this run."""
        return StagedSettings(
            version=settings.version,
            release_url=settings.release_url.replace("{version}", settings.version),
            release_sha256=settings.release_checksum,
            authorities=settings.authorities,
            auth=recorded_auth(settings.auth),
        )


def is_downgrade(old: StagedSettings | None, new: StagedSettings) -> bool:
    """Whether an older version follows. Whether another minor version may depends on what the members run."""
    return old is not None and parse_version(new.version) < parse_version(old.version)


def step_problems(old: StagedSettings, new: StagedSettings, settings: Settings) -> list[str]:
    """Why ``new`` cannot follow ``old``, whatever the members run: key, value, reason and way out."""
    return [
        *versions_increase(old, new, settings),
        *minor_versions_change_one_member_at_a_time(old, new, settings),
        *members_trust_each_other(old.authorities, new.authorities),
        *authentication_is_switched_off_first(old.auth, new.auth),
    ]


def versions_increase(old: StagedSettings, new: StagedSettings, settings: Settings) -> Iterator[str]:
    """One minor version at a time, and from the patch releases that etcd's upgrade guides require."""
    if not is_downgrade(old, new):
        yield from upgrade_problems(old.version, new.version, checksum_given=bool(settings.release_sha256))


def minor_versions_change_one_member_at_a_time(
    old: StagedSettings, new: StagedSettings, settings: Settings
) -> Iterator[str]:
    """Only the gates of a rolling change let members of two minor versions meet, and prepare their logs."""
    if settings.rollout == "all-at-once" and minor_version(old.version) != minor_version(new.version):
        yield (
            f"{key_of('version')} is {new.version}, and the cluster has {old.version}: {key_of('rollout')} "
            f"all-at-once cannot change the minor version. Remove {key_of('rollout')}, or leave the version unchanged "
            "in this run"
        )
