"""Checks before any change that DigitalOcean would create the droplets.

A replacement deletes a droplet before it creates the next one, so a refusal of the new one would come too late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from importlib.metadata import version
from typing import Any

import pulumi

from components.config.settings import Settings

VERSION = version("pulumi-digitalocean")
SMALLEST_DISK_GIB = 10
"""Every droplet size has a disk of at least this many GiB."""


class PreflightError(pulumi.RunError):
    """DigitalOcean would not create the droplets. The text names key, value and remedy."""


async def preflight(settings: Settings, missing: Collection[str], parent: pulumi.Resource) -> None:
    """Raise ``PreflightError`` if region, size, image, SSH keys or the account's droplet limit forbid a droplet.

    ``missing`` are the members that the run adds to the existing droplets. Calls the provider's functions getRegion
    and getImage. Calls getSshKeys if keys are named, getSizes if the image needs a larger disk than every size has, and
    getAccount and getDroplets if droplets are added.
    """

    async def ask(function: str, **arguments: Any) -> dict[str, Any]:
        # Not get_region_output and the like: a failed output ends the run with a traceback, and hides our own error.
        token = f"digitalocean:index/{function}:{function}"
        return await pulumi.runtime.invoke_async(
            token, arguments, pulumi.InvokeOptions(parent=parent, version=VERSION)
        )

    async def known(key: str, value: str, function: str, remedy: str) -> dict[str, Any]:
        try:
            return await ask(function, slug=value)
        # Pulumi raises a plain Exception. Its text says whether the value was wrong.
        except Exception as error:
            raise _refusal(key, value, f"{remedy} ({error})") from error

    async def check_make() -> None:
        region, image = await asyncio.gather(
            known("region", settings.region, "getRegion", "use a region such as fra1"),
            known("image", settings.image, "getImage", "use an image such as debian-13-x64"),
        )
        _check_region(settings, region, image)
        if image["minDiskSize"] > SMALLEST_DISK_GIB:
            wanted = [{"key": "slug", "values": [settings.droplet_size]}]
            _check_disk(settings, image, (await ask("getSizes", filters=wanted))["sizes"])

    async def check_keys() -> None:
        if settings.ssh_keys:
            _check_keys(settings, (await ask("getSshKeys"))["sshKeys"])

    async def check_limit() -> None:
        if missing:
            account, listing = await asyncio.gather(ask("getAccount"), ask("getDroplets"))
            _check_limit(settings, len(missing), int(account["dropletLimit"]), len(listing["droplets"]))

    await asyncio.gather(check_make(), check_keys(), check_limit())


def _check_region(settings: Settings, region: Mapping[str, Any], image: Mapping[str, Any]) -> None:
    if settings.droplet_size not in region["sizes"]:
        has = ", ".join(sorted(region["sizes"]))
        reason = f"region {settings.region} has no such size (it has {has})"
        raise _refusal("dropletSize", settings.droplet_size, reason)
    if settings.region not in image["regions"]:
        where = ", ".join(sorted(image["regions"]))
        raise _refusal("image", settings.image, f"it is not in region {settings.region} (it is in {where})")


def _check_disk(settings: Settings, image: Mapping[str, Any], sizes: Iterable[Mapping[str, Any]]) -> None:
    needed = int(image["minDiskSize"])
    for size in sizes:
        if size["disk"] < needed:
            raise _refusal(
                "image",
                settings.image,
                f"it needs a disk of {needed} GiB, and etcd:dropletSize {settings.droplet_size} has one of "
                f"{size['disk']:.0f}: use a larger size or another image",
            )


def _check_keys(settings: Settings, keys: Iterable[Mapping[str, Any]]) -> None:
    known = {name for key in keys for name in (str(int(key["id"])), key["fingerprint"])}
    if unknown := [key for key in settings.ssh_keys if key not in known]:
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
    return PreflightError(f"etcd:{key} is {value}: {reason}. No member was changed")
