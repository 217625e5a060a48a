"""What ``pulumi`` tells about a stack: its outputs, configuration and history."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pydantic import ValidationError

from components.backups.stack_file import StackError, project_name, pulumi, settings_in
from components.config.loading import (
    DIGITALOCEAN_URL,
    ProviderAccess,
    describe_errors,
    environment_token,
    environment_url,
)
from components.config.settings import Settings, cluster_name
from components.etcd.credentials import TlsTexts
from components.pki.validity import Renewal
from console.production.client_choice import client_for_looking
from console.runs.history import Update, parse_history

HISTORY = 30
"""How many of the last runs are read."""

FILE_PREFIX = "file://"
"""The beginning of the URL of a backend that is a folder."""

MISSING = "no stack named"

ADVICE: Mapping[str, str] = {
    MISSING: "pulumi stack ls lists the stacks: start the console with one of them.",
    "unable to read PULUMI_CONFIG_PASSPHRASE_FILE": "Write the passphrase there. The console reads it again.",
    "invalid YAML file": "It is Pulumi.yaml or the stack's file: correct it. The console reads it again by itself.",
    "PULUMI_ACCESS_TOKEN": "Log in to the backend: pulumi login.",
}
"""What helps, by a part of Pulumi's message. Where nothing fits, the message stands alone."""


@dataclass(frozen=True)
class StackFacts:
    """A stack as it was read."""

    project: str
    stack: str
    cluster: str
    """The cluster's name: the tag of its droplets."""
    settings: Settings
    addresses: Mapping[str, str]
    """The members' addresses by name, as the last run left them. Empty without a cluster."""
    certificates_end: float | None
    """The Unix time at which the first of the members' certificates ends, as the last run left it."""
    texts: TlsTexts | None
    """The certificate for looking; ``None`` without a cluster."""
    digitalocean: ProviderAccess
    read_at: float = 0.0
    """The Unix time at which it was read."""

    @property
    def names(self) -> list[str]:
        """The members, in the order of their numbers."""
        return [*self.settings.member_names]


def read_facts(stack: str, folder: Path, environment: Mapping[str, str]) -> StackFacts:
    """Read all of it anew. ``folder`` is that of ``Pulumi.yaml``. Takes seconds. Raises ``StackError``.

    The secrets stay in memory: Pulumi prints them into a pipe.
    """
    name = ("--stack", stack, "--non-interactive")
    read_at = time.time()
    project = project_name(folder)
    short = stack.rpartition("/")[2]
    printed: dict[str, dict[str, Any]] = json.loads(
        pulumi(folder, "config", "--json", "--show-secrets", *name)
    )
    try:
        settings = Settings.model_validate(settings_in(printed, project))
    except ValidationError as error:
        raise StackError("\n".join(describe_errors(error))) from None
    outputs: dict[str, Any] = json.loads(pulumi(folder, "stack", "output", "--json", "--show-secrets", *name))
    return StackFacts(
        project=project,
        stack=short,
        cluster=cluster_name(project, short),
        settings=settings,
        addresses=outputs.get("members") or {},
        certificates_end=_end_of(outputs.get("certificates") or {}),
        texts=client_for_looking(outputs, settings.clients),
        digitalocean=digitalocean_access(printed, environment),
        read_at=read_at,
    )


def _end_of(dates: Mapping[str, str]) -> float | None:
    return Renewal.recorded(dates).renew_before.timestamp() if dates else None


def read_history(stack: str, folder: Path) -> list[Update]:
    """The last runs, the newest first. Raises ``StackError``."""
    return parse_history(
        pulumi(
            *(folder, "stack", "history", "--json", "--page-size", str(HISTORY), "--page", "1"),
            *("--stack", stack, "--non-interactive"),
        )
    )


def read_backend(folder: Path) -> Path | None:
    """The folder that is the backend, if it is one. Raises ``StackError``."""
    told: dict[str, Any] = json.loads(pulumi(folder, "whoami", "--verbose", "--json", "--non-interactive"))
    return backend_folder(str(told.get("url", "")), folder)


def backend_folder(url: str, folder: Path) -> Path | None:
    """The folder of a backend at ``url``, which Pulumi uses in ``folder``. ``None`` if none is found there.

    ``file://~`` is that of ``pulumi login --local``. The rules are those of ``massageBlobPath`` in Pulumi's
    pkg/backend/diy/backend.go.
    """
    if not url.startswith(FILE_PREFIX):
        return None
    path = unquote(url.removeprefix(FILE_PREFIX).partition("?")[0])
    backend = Path.home() / path[2:] if path.startswith("~") else folder.absolute() / path
    # Without it, nobody knows whether the stack is locked.
    return backend if (backend / ".pulumi").is_dir() else None


def digitalocean_access(
    printed: Mapping[str, Mapping[str, Any]], environment: Mapping[str, str]
) -> ProviderAccess:
    """The DigitalOcean API and its token, in the provider's own order."""

    def value(key: str) -> str:
        return str(printed.get(key, {}).get("value") or "")

    url = value("digitalocean:apiEndpoint") or environment_url("digitalocean", environment)
    token = value("digitalocean:token") or environment_token("digitalocean", "token", environment)
    return ProviderAccess((url or DIGITALOCEAN_URL).rstrip("/"), token)


def check_stack(stack: str, folder: Path) -> str:
    """Why there is no such stack, and what to do; empty if there is one. Raises ``StackError``."""
    try:
        pulumi(folder, "stack", "output", "--json", "--show-secrets", "--stack", stack, "--non-interactive")
    except StackError as error:
        if MISSING in str(error):
            return explained(error)
        raise
    return ""


def explained(error: StackError, environment: Mapping[str, str] = os.environ) -> str:
    """Why the stack cannot be read, and what to do."""
    text = " ".join(str(error).split())
    if "incorrect passphrase" in text:
        return _wrong_passphrase(environment)
    if "passphrase must be set" in text:
        return (
            "The passphrase of the stack is not known: start the console again with PULUMI_CONFIG_PASSPHRASE, or with "
            "PULUMI_CONFIG_PASSPHRASE_FILE, which names a file that has it."
        )
    advice = next((advice for part, advice in ADVICE.items() if part in text), "")
    return f"{text.removesuffix('.')}. {advice}" if advice else text


def _wrong_passphrase(environment: Mapping[str, str]) -> str:
    # Pulumi takes the first of them that is set.
    file = environment.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if file and "PULUMI_CONFIG_PASSPHRASE" not in environment:
        return f"The passphrase in {file} is not that of the stack: correct the file. The console reads it again."
    return "PULUMI_CONFIG_PASSPHRASE is not the passphrase of the stack: start the console again with the right one."
