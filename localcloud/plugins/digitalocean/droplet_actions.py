"""Runs actions on droplets and waits for them."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from localcloud.plugins.digitalocean.api import DigitalOceanApi
from localcloud.plugins.errors import ProviderError, StatusError
from localcloud.plugins.values import Properties
from localcloud.plugins.waiting import Deadline

NOT_FOUND = "Not Found"
"""The state of a droplet that is deleted."""


class Operation(Enum):
    """What is done with a droplet. It says what a missing droplet means."""

    CREATE = auto()
    """It is not visible yet."""
    UPDATE = auto()
    """It was deleted by somebody else, which is an error."""
    DELETE = auto()
    """Its state is ``NOT_FOUND``."""


class Watch:
    """Polls one droplet, and keeps its last state (the provider's ``dropletStateRefreshFunc``)."""

    def __init__(
        self,
        api: DigitalOceanApi,
        object_id: str,
        operation: Operation,
        *,
        pause: float = 0,
        deadline: Deadline | None = None,
    ) -> None:
        """``pause`` are the seconds before each wait. ``deadline`` is that of all waits together."""
        self._api = api
        self._id = object_id
        self._operation = operation
        self._pause = pause
        self._deadline = deadline
        self.droplet: Properties = {}

    def until(self, target: str, pending: tuple[str, ...], attribute: str, timeout: float) -> None:
        """Wait until an attribute has the value ``target``."""

        def read_state() -> str | None:
            try:
                self.droplet = self._api.get(f"droplets/{self._id}")["droplet"]
            except ProviderError as error:
                if isinstance(error, StatusError) and error.status == 404:
                    return self._missing()
                raise ProviderError(f"Error retrieving droplet: {error}") from error
            # A locked droplet rejects all actions, whatever its status is.
            return None if self.droplet["locked"] else _attribute(self.droplet, attribute)

        self._api.waiter.until(
            target, pending, read_state, timeout, pause=self._pause, deadline=self._deadline
        )

    def _missing(self) -> str | None:
        if self._operation is Operation.UPDATE:
            raise ProviderError(f"droplet ({self._id}) not found during update")
        return NOT_FOUND if self._operation is Operation.DELETE else None


def _attribute(droplet: Properties, name: str) -> str:
    if name in ("ipv6", "private_networking"):
        return str(name in droplet["features"]).lower()
    value = droplet[name]
    return str(value).lower() if isinstance(value, bool) else value


def _act(api: DigitalOceanApi, object_id: str, failed: str, **action: Any) -> Properties:
    try:
        return api.post(f"droplets/{object_id}/actions", action)["action"]
    except ProviderError as error:
        raise ProviderError(f"{failed}: {error}") from error


def _finish(api: DigitalOceanApi, action: Properties, failed: str) -> None:
    try:
        api.finish(action)
    except ProviderError as error:
        raise ProviderError(f"{failed}: {error}") from error


def resize(api: DigitalOceanApi, object_id: str, planned: Properties, timeout: float) -> None:
    """Power the droplet off, resize it, and power it on."""
    watch = Watch(api, object_id, Operation.UPDATE)
    try:
        _act(api, object_id, f"Error powering off droplet ({object_id})", type="power_off")
    except ProviderError as error:
        if "Droplet is already powered off" not in str(error):
            raise
    try:
        watch.until("off", ("active",), "status", timeout)
    except ProviderError as error:
        raise ProviderError(
            f"Error waiting for droplet ({object_id}) to become powered off: {error}"
        ) from error

    def resize() -> None:
        action = _act(
            api,
            object_id,
            f"Error resizing droplet ({object_id})",
            type="resize",
            size=planned["size"],
            disk=planned["resizeDisk"],
        )
        _finish(api, action, f"Error waiting for resize droplet ({object_id}) to finish")

    _then_power_on(api, object_id, watch, timeout, resize)


def _then_power_on(
    api: DigitalOceanApi, object_id: str, watch: Watch, timeout: float, resize: Callable[[], None]
) -> None:
    try:
        resize()
    except ProviderError as error:
        # A droplet that cannot be resized is powered on with its old size.
        try:
            _act(api, object_id, "", type="power_on")
            watch.until("active", ("off",), "status", timeout)
        except ProviderError:
            raise ProviderError(
                f"Error powering on droplet ({object_id}) after failed resize: {error}"
            ) from error
        raise
    _act(api, object_id, f"Error powering on droplet ({object_id}) after resize", type="power_on")
    watch.until("active", ("off",), "status", timeout)


def rename(
    api: DigitalOceanApi, object_id: str, prior: Properties, planned: Properties, timeout: float
) -> None:
    """Rename the droplet."""
    _act(api, object_id, f"Error renaming droplet ({object_id})", type="rename", name=planned["name"])
    try:
        Watch(api, object_id, Operation.UPDATE).until(
            planned["name"], ("", prior.get("name", "")), "name", timeout
        )
    except ProviderError as error:
        raise ProviderError(f"Error waiting for rename droplet ({object_id}) to finish: {error}") from error


def switch_backups(api: DigitalOceanApi, object_id: str, planned: Properties) -> None:
    """Enable or disable backups."""
    policy = {"backup_policy": planned["backupPolicy"]} if planned["backupPolicy"] else {}
    if planned["backups"]:
        action = _act(
            api,
            object_id,
            f"Error enabling backups on droplet ({object_id})",
            type="enable_backups",
            **policy,
        )
        _finish(api, action, f"Error waiting for backups to be enabled for droplet ({object_id})")
        return
    if policy:
        raise ProviderError("backup_policy can only be set when backups are enabled")
    action = _act(api, object_id, f"Error disabling backups on droplet ({object_id})", type="disable_backups")
    _finish(api, action, f"Error waiting for backups to be disabled for droplet ({object_id})")


def change_backup_policy(api: DigitalOceanApi, object_id: str, planned: Properties) -> None:
    """Change the backup policy."""
    if not planned["backups"]:
        raise ProviderError("backup_policy can only be set when backups are enabled")
    action = _act(
        api,
        object_id,
        f"error changing backup policy on droplet ({object_id})",
        type="change_backup_policy",
        backup_policy=planned["backupPolicy"],
    )
    _finish(api, action, f"error waiting for backup policy to be changed for droplet ({object_id})")


def enable(api: DigitalOceanApi, object_id: str, feature: str, called: str, timeout: float) -> None:
    """Enable a feature that cannot be disabled; ``called`` is its name in errors."""
    _act(api, object_id, f"Error enabling {called} for droplet ({object_id})", type=f"enable_{feature}")
    try:
        Watch(api, object_id, Operation.UPDATE).until("true", ("", "false"), feature, timeout)
    except ProviderError as error:
        raise ProviderError(
            f"Error waiting for {called} to be enabled for droplet ({object_id}): {error}"
        ) from error


def move_volumes(api: DigitalOceanApi, object_id: str, old: set[str], new: set[str]) -> None:
    """Attach and detach volumes one at a time, as the API requires."""
    for volume in sorted(new - old):
        try:
            action = api.post(f"volumes/{volume}/actions", {"type": "attach", "droplet_id": int(object_id)})[
                "action"
            ]
        except ProviderError as error:
            raise ProviderError(
                f'Error attaching volume "{volume}" to droplet ({object_id}): {error}'
            ) from error
        _finish(api, action, f'Error waiting for volume "{volume}" to attach to droplet ({object_id})')
    for volume in sorted(old - new):
        try:
            detach(api, object_id, volume)
        except ProviderError as error:
            raise ProviderError(
                f'Error detaching volume "{volume}" on droplet {object_id}: {error}'
            ) from error


def detach(api: DigitalOceanApi, object_id: str, volume: str, *, pause: float = 0) -> None:
    """Detach one volume. ``pause`` are the seconds before the wait for it."""
    try:
        action = api.post(f"volumes/{volume}/actions", {"type": "detach", "droplet_id": int(object_id)})[
            "action"
        ]
    except ProviderError as error:
        raise ProviderError(
            f'Error detaching volume "{volume}" from droplet ({object_id}): {error}'
        ) from error
    api.waiter.pause(pause)
    _finish(api, action, f'Error waiting for volume "{volume}" to detach from droplet ({object_id})')


def shut_down(api: DigitalOceanApi, object_id: str, watch: Watch, timeout: float) -> None:
    """Request a shutdown, and wait until the droplet is off."""
    _act(api, object_id, f"Error shutting down the the droplet ({object_id})", type="shutdown")
    try:
        watch.until("off", ("active",), "status", timeout)
    except ProviderError as error:
        raise ProviderError(f"Error waiting for droplet ({object_id}) to become off: {error}") from error
