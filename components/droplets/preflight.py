"""Checks, in a run that makes a droplet, that DigitalOcean would create it and that it could run a member.

A replacement deletes a droplet before it creates the next one, so a refusal of the new one would come too late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import pulumi

from ..api.listing import ListingError, list_all, read_one
from ..api.retry import PAUSES
from ..config.loading import ProviderAccess
from ..config.naming import key_of, provider_key
from ..config.settings import Settings
from ..run_log import log
from .image_check import image_problem, image_warning

ROOT_DISK_RESERVE_GIB = 4
"""GiB of a root disk that the system, its journal and etcd's log need beside the database."""
MIB_PER_GIB = 1024
"""The API gives the memory of a size in MiB."""


class PreflightError(pulumi.RunError):
    """DigitalOcean would not create the droplets. The text names key, value and remedy."""


class CatalogueError(PreflightError):
    """DigitalOcean did not tell what it would create. That says nothing about the settings."""


class Preflight:
    """The checks of one run. They send requests only if a droplet is made, and once.

    ``existing`` are the members that have a droplet when the run begins. ``check_records`` raises if the DNS record of
    a member cannot be created, and ``check_discovery`` if the first members of a cluster would not find each other.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        existing: pulumi.Output[frozenset[str]],
        access: ProviderAccess,
        check_records: Callable[[Collection[str]], Awaitable[None]],
        check_discovery: Callable[[], Awaitable[None]],
        ssh_keys: pulumi.Input[Sequence[str]] | None = None,
        vpc_id: pulumi.Input[str] | None = None,
    ) -> None:
        """``ssh_keys`` and ``vpc_id`` may come from other resources. By default they are those of the settings."""
        self._ssh_keys = pulumi.Output.from_input(settings.ssh_keys if ssh_keys is None else ssh_keys)
        self._vpc_id = pulumi.Output.from_input(settings.vpc_id if vpc_id is None else vpc_id)
        self._settings = settings
        self._check_records = check_records
        self._check_discovery = check_discovery
        self._existing = existing
        self._access = access
        self._checks: asyncio.Future[None] | None = None

    async def before_replacing(self) -> None:
        """Raise ``PreflightError`` unless DigitalOcean would create the droplet that takes another one's place."""
        if self._checks is None:
            self._checks = asyncio.ensure_future(self._check())
        await asyncio.shield(self._checks)

    async def before_adding(self) -> None:
        """Raise ``PreflightError`` if DigitalOcean would not create a droplet for a member that has none.

        Raise what ``check_records`` raises if Cloudflare would not create its record. Nothing is deleted for it. So if
        DigitalOcean does not tell, a lost member of a cluster is made all the same.
        """
        existing = await self._existing.future() or frozenset[str]()
        await self._check_records(set(self._settings.member_names) - existing)
        try:
            await self.before_replacing()
        except CatalogueError as error:
            if not existing:
                raise
            log.warn(
                f"{error.__cause__}. The missing members are created without a check of what DigitalOcean offers"
            )

    async def _check(self) -> None:
        """Ask for regions, sizes and image, for SSH keys if any are named, and for the limit if droplets are added.

        Before the first droplet of a cluster, ask whether its members would find each other as well.
        """
        if not self._access.known:
            return
        existing = await self._existing.future() or frozenset[str]()
        missing = set(self._settings.member_names) - existing
        await asyncio.gather(
            self._check_droplet(),
            self._check_keys(),
            self._check_vpc(),
            self._check_limit(len(missing)),
            *(() if existing else (self._check_discovery(),)),
        )

    async def _check_droplet(self) -> None:
        regions, sizes, image = await asyncio.gather(
            self._list("regions"), self._list("sizes"), self._read("images", self._settings.image)
        )
        size = _check_size(self._settings, _check_region(self._settings, regions), sizes)
        if image is None:
            raise _refusal(
                "image",
                self._settings.image,
                "DigitalOcean has no such image, or not any more: use one such as debian-13-x64",
            )
        _check_image(self._settings, image, size)
        _check_quota(self._settings, size)

    async def _check_keys(self) -> None:
        # A preview does not know keys that the same run creates.
        if keys := await self._ssh_keys.future():
            _check_keys(keys, await self._list("ssh_keys"))

    async def _check_vpc(self) -> None:
        if vpc := await self._vpc_id.future():
            _check_vpc(vpc, self._settings.region, await self._read("vpcs", vpc))

    async def _check_limit(self, added: int) -> None:
        if added:
            account, droplets = await asyncio.gather(self._read("account"), self._list("droplets"))
            if account is not None:
                _check_limit(self._settings, added, int(account["droplet_limit"]), len(droplets))

    async def _list(self, kind: str) -> list[Mapping[str, Any]]:
        try:
            return await list_all(self._access.api_url, kind, self._access.token, pauses=PAUSES)
        except ListingError as error:
            raise _unknown(error) from error

    async def _read(self, kind: str, key: str = "") -> Mapping[str, Any] | None:
        try:
            return await read_one(self._access.api_url, kind, key, self._access.token, pauses=PAUSES)
        except ListingError as error:
            raise _unknown(error) from error


def _check_region(settings: Settings, regions: Collection[Mapping[str, Any]]) -> Mapping[str, Any]:
    open_regions = {region["slug"]: region for region in regions if region.get("available", True)}
    if settings.region not in open_regions:
        reason = f"DigitalOcean creates no droplets there: use one of {', '.join(sorted(open_regions))}"
        raise _refusal("region", settings.region, reason)
    return open_regions[settings.region]


def _check_size(
    settings: Settings, region: Mapping[str, Any], sizes: Collection[Mapping[str, Any]]
) -> Mapping[str, Any]:
    offered = {
        size["slug"]: size
        for size in sizes
        if size["slug"] in region["sizes"] and size.get("available", True)
    }
    if settings.droplet_size not in offered:
        reason = f"region {settings.region} has no such size: use one of {', '.join(sorted(offered))}"
        raise _refusal("dropletSize", settings.droplet_size, reason)
    return offered[settings.droplet_size]


def _check_image(settings: Settings, image: Mapping[str, Any], size: Mapping[str, Any]) -> None:
    if problem := image_problem(image):
        raise _refusal("image", settings.image, problem)
    if settings.region not in image["regions"]:
        where = ", ".join(sorted(image["regions"]))
        raise _refusal(
            "image",
            settings.image,
            f"it is not in region {settings.region} (it is in {where}): use another image, or transfer this one",
        )
    needed = int(image.get("min_disk_size") or 0)
    if size["disk"] < needed:
        raise _refusal(
            "image",
            settings.image,
            f"it needs a disk of {needed} GiB, and {key_of('dropletSize')} {settings.droplet_size} has one of "
            f"{size['disk']}: use a larger size or another image",
        )
    if warning := image_warning(image):
        log.warn(f"{key_of('image')} is {settings.image}: {warning}")


def _check_quota(settings: Settings, size: Mapping[str, Any]) -> None:
    most = int(size["disk"]) - ROOT_DISK_RESERVE_GIB
    if not settings.volume_size and settings.quota_gib > most:
        raise _refusal(
            "quotaGiB",
            str(settings.quota_gib),
            f"the data is on the root disk ({key_of('volumeSize')} 0), which has {size['disk']} GiB with "
            f"{key_of('dropletSize')} {settings.droplet_size}, and the system needs {ROOT_DISK_RESERVE_GIB} of them: "
            f"use at most {most}, or a larger size",
        )
    if settings.quota_gib * MIB_PER_GIB > size["memory"]:
        log.warn(
            f"{key_of('quotaGiB')} is {settings.quota_gib}: {key_of('dropletSize')} {settings.droplet_size} has "
            f"{size['memory'] / MIB_PER_GIB:g} GiB of memory. etcd gets slow when its database is larger than the "
            "memory"
        )


def _check_vpc(vpc: str, region: str, found: Mapping[str, Any] | None) -> None:
    if found is None:
        raise _refusal("vpcId", vpc, "the DigitalOcean account has no such VPC: use one of doctl vpcs list")
    if found["region"] != region:
        raise _refusal(
            "vpcId",
            vpc,
            f"it is in region {found['region']}, and {key_of('region')} is {region}: use a VPC of that region",
        )


def _check_keys(wanted: Sequence[str], keys: Iterable[Mapping[str, Any]]) -> None:
    known = {name for key in keys for name in (str(key["id"]), key["fingerprint"])}
    if unknown := [key for key in wanted if key not in known]:
        raise _refusal(
            "sshKeys",
            ", ".join(unknown),
            "the DigitalOcean account has no such key. Add it there, or name another one "
            "(doctl compute ssh-key list shows ids and fingerprints)",
        )


def _check_limit(settings: Settings, added: int, limit: int, used: int) -> None:
    if used + added > limit:
        raise _refusal(
            "size",
            str(settings.size),
            f"the run would add {added} droplets, and the account has {used} of at most {limit}. Ask DigitalOcean "
            "for a higher limit",
        )


def _refusal(key: str, value: str, reason: str) -> PreflightError:
    return PreflightError(f"{key_of(key)} is {value}: {reason}. No member was changed")


def _unknown(error: ListingError) -> CatalogueError:
    remedy = "Run pulumi up again later" if error.temporary else "Use a token with the scopes of README.md"
    return CatalogueError(
        f"{error}. The request used {provider_key('digitalocean:token')}, and asks what DigitalOcean would create. "
        f"{remedy}. No member was changed"
    )
