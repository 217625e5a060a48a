"""The stack of an acceptance run: a copy of the configuration of another stack, under a name of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from acceptance.command import run
from acceptance.errors import AcceptanceError
from acceptance.writer import CLIENT, PREFIX
from components.backups.stack_file import StackError, project_name, pulumi, settings_in
from components.config.backup_settings import BackupTarget, backup_target
from components.config.loading import (
    CLOUDFLARE_URL,
    DIGITALOCEAN_URL,
    PROVIDER_TOKENS,
    ProviderAccess,
    describe_errors,
    environment_token,
    typed_values,
)
from components.config.settings import Settings, cluster_name

MEMBERS = 3
RUN_DIGITS = 6
"""Hexadecimal digits of a run."""

RUN_SECONDS = 3600.0
"""Seconds after which a run of Pulumi is interrupted."""

OWN_VALUES: Mapping[str, str] = {
    "size": str(MEMBERS),
    "protect": "false",
    "rollout": "one-at-a-time",
    # This machine is not in the VPC that the run creates.
    "addresses": "public",
    # The program never deletes a bucket, so a run makes none.
    "backupBucketCreate": "false",
}
"""The keys whose values are not those of the other stack."""

OWN_CLIENTS = json.dumps([{"name": CLIENT, "permissions": [{"access": "readwrite", "prefix": PREFIX}]}])
"""The clients, if the other stack has ``etcd:auth``. Those of its applications are left out."""

LEFT_OUT = ("restoreFrom", "backupPrefix")
"""The keys of the other stack that are not copied. Without a prefix, backups are below the cluster's own name."""


@dataclass(frozen=True)
class Change:
    """What a run of Pulumi did."""

    seconds: float
    resources: dict[str, int]
    """Number of resources by what happened to them, such as ``created`` or ``unchanged``."""


class Stack:
    """The stack ``NAME-acceptance-RUN``, made from the stack ``NAME``. Methods raise ``AcceptanceError``.

    ``RUN`` is random. It is in the name of everything that the run creates, so nothing else has such a name.
    """

    def __init__(self, source: str, run: str, folder: Path, show: Callable[[str], None]) -> None:
        """``folder`` is that of ``Pulumi.yaml``."""
        self.source = source
        self.name = f"{source}-acceptance-{run}"
        self._label = f"acc-{run}"
        self._folder = folder
        self._show = show
        self._file = folder / f"Pulumi.{source}.yaml"
        self.backups_left_out = ""
        """Why backups are off, though the other stack has them."""
        try:
            self.project = project_name(folder)
        except StackError as error:
            raise AcceptanceError(str(error)) from None
        self.cluster = cluster_name(self.project, self.name)

    @cached_property
    def _printed(self) -> dict[str, dict[str, Any]]:
        """The configuration of the other stack, with its secrets."""
        return json.loads(self._pulumi("config", "--json", "--show-secrets", "--stack", self.source))

    @cached_property
    def _given(self) -> Mapping[str, Any]:
        """The settings of the other stack that are set. What Pulumi prints has the project's defaults, too."""
        return settings_in(self._printed, self.project)

    @property
    def settings(self) -> Settings:
        """The settings of this stack, from those of the other one."""
        left_out = {*LEFT_OUT, *self._backup_keys()}
        values = {key: value for key, value in self._given.items() if key not in left_out}
        domain = f"{self._label}.{values['domain']}" if "domain" in values else ""
        own = typed_values({**self._own_values(), "domain": domain})
        try:
            return Settings.model_validate({**values, **own})
        except ValidationError as error:
            problems = "\n".join(describe_errors(error))
            raise AcceptanceError(
                f"Pulumi.{self.source}.yaml{f', with {domain} as the domain' if domain else ''}: {problems}"
            ) from None

    def backup_target(self) -> BackupTarget | None:
        """Where the backups of this cluster go. ``None`` without a bucket."""
        settings = self.settings
        return backup_target(settings, cluster=self.cluster, region=settings.region)

    def _backup_keys(self) -> list[str]:
        """The keys that turn backups on, if they are left out."""
        keys = [key.removeprefix(f"{self.project}:") for key in self._printed]
        return [key for key in keys if key.startswith("backup")] if self.backups_left_out else []

    def _own_values(self) -> dict[str, str]:
        off = bool(self.backups_left_out)
        own = {key: value for key, value in OWN_VALUES.items() if not (off and key.startswith("backup"))}
        return own | ({"clients": OWN_CLIENTS} if "auth" in self._given else {})

    def digitalocean(self, environment: Mapping[str, str]) -> ProviderAccess:
        """The DigitalOcean API and its token, in the provider's own order."""
        url = self._value("digitalocean:apiEndpoint") or environment.get("DIGITALOCEAN_API_URL")
        return self._access("digitalocean", "token", url or DIGITALOCEAN_URL, environment)

    def cloudflare(self, environment: Mapping[str, str]) -> ProviderAccess | None:
        """The Cloudflare API and its token, in the provider's own order. ``None`` for a stack without DNS records."""
        if not self.settings.has_records:
            return None
        url = self._value("cloudflare:baseUrl") or environment.get("CLOUDFLARE_BASE_URL")
        return self._access("cloudflare", "apiToken", url or CLOUDFLARE_URL, environment)

    def _value(self, key: str) -> str:
        return str(self._printed.get(key, {}).get("value") or "")

    def secrets(self) -> set[str]:
        """The secret values of the configuration, which no report may hold."""
        names = ("token", "key", "accessid", "secret")
        found = {
            entry.get("value", "")
            for key, entry in self._printed.items()
            if entry.get("secret") or key.casefold().endswith(names)
        }
        return {value for value in found if len(value) > 7}

    def exists(self) -> bool:
        """Whether the backend has the stack."""
        return self.name in self._names()

    def of_earlier_runs(self) -> list[str]:
        """The stacks that runs with the same stack have left."""
        return sorted(name for name in self._names() - {self.name} if run_of(self.source, name))

    def _names(self) -> set[str]:
        listed = json.loads(self._pulumi("stack", "ls", "--json"))
        return {str(one["name"]).rpartition("/")[2] for one in listed}

    def create(self) -> None:
        """Create the stack, with a file of its own."""
        provider = yaml.safe_load(self._file.read_text(encoding="utf-8")).get("secretsprovider")
        self._pulumi(
            *("stack", "init", self.name, "--no-select", "--copy-config-from", self.source),
            *(["--secrets-provider", provider] if provider else []),
        )
        for key in (*LEFT_OUT, *self._backup_keys()):
            if f"{self.project}:{key}" in self._printed:
                self._pulumi("config", "rm", f"{self.project}:{key}", "--stack", self.name)
        for key, value in {**self._own_values(), "domain": self.settings.domain}.items():
            self.set(key, value)

    def check_file(self) -> None:
        """Raise ``AcceptanceError`` if the other stack has no file."""
        if not self._file.exists():
            raise AcceptanceError(f"there is no {self._file.name} here: name a stack that has a file")

    def set(self, key: str, value: str) -> None:
        """Set a key of the program's own configuration."""
        self._pulumi("config", "set", f"{self.project}:{key}", value, "--stack", self.name)

    def up(self, *arguments: str) -> Change:
        """Run ``pulumi up``."""
        return self._change("up", "--yes", "--skip-preview", *arguments)

    def preview(self) -> Change:
        """Run ``pulumi preview``."""
        return self._change("preview")

    def destroy(self) -> Change:
        """Run ``pulumi destroy``."""
        return self._change("destroy", "--yes", "--skip-preview")

    def unlock(self) -> None:
        """Remove the lock that a killed run has left, if there is one."""
        with suppress(AcceptanceError):
            self._pulumi("cancel", "--yes", "--stack", self.name)

    def remove(self) -> None:
        """Remove the stack, which must be empty, and its file."""
        self._pulumi("stack", "rm", self.name, "--yes")

    def outputs(self) -> dict[str, Any]:
        """The outputs of the stack, with their secrets."""
        arguments = ("stack", "output", "--json", "--show-secrets", "--stack", self.name)
        return json.loads(self._pulumi(*arguments))

    def droplet_urn(self, member: str) -> str:
        """The URN of a member's droplet."""
        exported = json.loads(self._pulumi("stack", "export", "--stack", self.name))
        for resource in exported["deployment"]["resources"]:
            if (
                resource["type"] == "digitalocean:index/droplet:Droplet"
                and resource["inputs"]["name"] == member
            ):
                return resource["urn"]
        raise AcceptanceError(f"the state of stack {self.name} has no droplet {member}")

    def version(self) -> str:
        """The version of Pulumi's command."""
        return self._pulumi("version").strip()

    def _change(self, *arguments: str) -> Change:
        argv = ["pulumi", *arguments, "--stack", self.name, "--non-interactive", "--suppress-outputs"]
        result = run(argv, self._folder, lambda line: self._show(f"  {line}"), limit=RUN_SECONDS)
        if result.code != 0:
            raise AcceptanceError(f"pulumi {arguments[0]} failed: {_diagnostics(result.output)}")
        return Change(round(result.seconds, 1), _resources(result.output))

    def _access(self, namespace: str, key: str, url: str, environment: Mapping[str, str]) -> ProviderAccess:
        token = self._value(f"{namespace}:{key}") or environment_token(namespace, key, environment)
        if not token:
            raise AcceptanceError(
                f"{namespace}:{key} is not set: run pulumi config set --secret {namespace}:{key} "
                f"--stack {self.source}, or set {PROVIDER_TOKENS[namespace, key][0]} in the environment"
            )
        return ProviderAccess(url.rstrip("/"), token)

    def _pulumi(self, *arguments: str) -> str:
        try:
            return pulumi(self._folder, *arguments, "--non-interactive")
        except StackError as error:
            raise AcceptanceError(str(error)) from None


def run_of(source: str, stack: str) -> str | None:
    """The run that has made a stack from the stack ``source``. ``None`` for any other stack."""
    form = re.fullmatch(rf"{re.escape(source)}-acceptance-([0-9a-f]{{{RUN_DIGITS}}})", stack)
    return form[1] if form else None


def _resources(output: str) -> dict[str, int]:
    """The numbers that Pulumi prints at the end, by what happened."""
    summary = output.rpartition("Resources:\n")[2]
    found = re.findall(r"^\s+[-+~]*\s*(\d+) (?:to )?([a-z]+)", summary, re.MULTILINE)
    return {what: int(number) for number, what in found}


def _diagnostics(output: str) -> str:
    """The end of the output of a run that failed, from its diagnostics on."""
    return output.rpartition("Diagnostics:\n")[2][-4000:].strip()
