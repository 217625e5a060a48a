"""The stack of an acceptance run: a copy of the configuration of another stack, under a name of its own."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from acceptance.command import run
from acceptance.errors import AcceptanceError
from components.backups.stack_file import settings_in
from components.config.backup_settings import BackupTarget, backup_target
from components.config.loading import (
    CLOUDFLARE_URL,
    DIGITALOCEAN_URL,
    PROVIDER_TOKENS,
    ProviderAccess,
    describe_error,
)
from components.config.settings import Settings, cluster_name

SUFFIX = "-acceptance"
SUBDOMAIN = "acceptance"
MEMBERS = 3
RUN_SECONDS = 3600.0
"""Seconds after which a run of Pulumi is interrupted."""

SHORT_SECONDS = 120.0
"""Seconds that ``pulumi`` has to read or change a configuration."""

OWN_VALUES: Mapping[str, str | None] = {
    "size": str(MEMBERS),
    "protect": "false",
    "rollout": "one-at-a-time",
    "restoreFrom": None,
    # Empty is the cluster's own name, so the run never sees the backups of another cluster.
    "backupPrefix": None,
}
"""The keys whose values are not those of the other stack. ``None`` removes the key."""


@dataclass(frozen=True)
class Change:
    """What a run of Pulumi did."""

    seconds: float
    resources: dict[str, int]
    """Number of resources by what happened to them, such as ``created`` or ``unchanged``."""


class Stack:
    """The stack ``NAME-acceptance``, made from the stack ``NAME``. Methods raise ``AcceptanceError``."""

    def __init__(self, source: str, folder: Path, show: Callable[[str], None]) -> None:
        """``folder`` is that of ``Pulumi.yaml``."""
        self.source = source
        self.name = source + SUFFIX
        self._folder = folder
        self._show = show
        try:
            project = yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8"))
        except OSError:
            raise AcceptanceError(
                "there is no Pulumi.yaml here: run this in the folder of the project"
            ) from None
        self.project = str(project["name"])
        self.cluster = cluster_name(self.project, self.name)

    def source_settings(self) -> Settings:
        """The settings of the stack that is copied."""
        return self._settings(self.source)

    @property
    def settings(self) -> Settings:
        """The settings as they are now. Domain and prefix of the backups are never those of the other stack."""
        own = {"domain": self._domain, "backup_prefix": ""}
        return self._settings(self.name).model_copy(update=own)

    @property
    def _domain(self) -> str:
        return f"{SUBDOMAIN}.{self.source_settings().domain}"

    def backup_target(self) -> BackupTarget | None:
        """Where the backups of this cluster go, which is never the place of another one. ``None`` without a bucket."""
        settings = self.settings
        return backup_target(settings, cluster=self.cluster, region=settings.region)

    def digitalocean(self, environment: Mapping[str, str]) -> ProviderAccess:
        """The DigitalOcean API and its token, in the provider's own order."""
        url = self._config(self.source).get("digitalocean:apiEndpoint", {}).get("value")
        return self._access("digitalocean", "token", url or DIGITALOCEAN_URL, environment)

    def cloudflare(self, environment: Mapping[str, str]) -> ProviderAccess:
        """The Cloudflare API and its token, in the provider's own order."""
        url = self._config(self.source).get("cloudflare:baseUrl", {}).get("value")
        return self._access("cloudflare", "apiToken", url or CLOUDFLARE_URL, environment)

    def secrets(self) -> set[str]:
        """The secret values of the configuration, which no report may hold."""
        names = ("token", "key", "accessid", "secret")
        found = {
            entry.get("value", "")
            for key, entry in self._config(self.source).items()
            if entry.get("secret") or key.casefold().endswith(names)
        }
        return {value for value in found if len(value) > 7}

    def exists(self) -> bool:
        """Whether an earlier run has left the stack."""
        listed = json.loads(self._pulumi("stack", "ls", "--json"))
        return self.name in {str(one["name"]).rpartition("/")[2] for one in listed}

    def create(self) -> None:
        """Create the stack. Its members are below ``acceptance.DOMAIN``."""
        file = self._folder / f"Pulumi.{self.source}.yaml"
        if not file.exists():
            raise AcceptanceError(f"there is no {file.name} here: name a stack that has a file")
        provider = yaml.safe_load(file.read_text(encoding="utf-8")).get("secretsprovider")
        self._pulumi(
            *("stack", "init", self.name, "--no-select", "--copy-config-from", self.source),
            *(["--secrets-provider", provider] if provider else []),
        )
        for key, value in {**OWN_VALUES, "domain": self._domain}.items():
            self.set(key, value)

    def set(self, key: str, value: str | None) -> None:
        """Set a key of the program's own configuration. ``None`` removes it."""
        full = f"{self.project}:{key}"
        if value is not None:
            self._pulumi("config", "set", full, value, "--stack", self.name)
        elif full in self._config(self.name):
            self._pulumi("config", "rm", full, "--stack", self.name)

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

    def _settings(self, stack: str) -> Settings:
        try:
            return Settings.model_validate(settings_in(self._config(stack), self.project))
        except ValidationError as error:
            problems = "\n".join(describe_error(detail) for detail in error.errors())
            raise AcceptanceError(f"Pulumi.{stack}.yaml: {problems}") from None

    def _config(self, stack: str) -> dict[str, dict[str, Any]]:
        return json.loads(self._pulumi("config", "--json", "--show-secrets", "--stack", stack))

    def _access(self, namespace: str, key: str, url: str, environment: Mapping[str, str]) -> ProviderAccess:
        configured = self._config(self.source).get(f"{namespace}:{key}", {}).get("value")
        variables = PROVIDER_TOKENS[namespace, key]
        tokens = [configured, *(environment.get(variable) for variable in variables)]
        token = next((one for one in tokens if one), None)
        if token is None:
            raise AcceptanceError(
                f"{namespace}:{key} is not set: run pulumi config set --secret {namespace}:{key} "
                f"--stack {self.source}, or set {variables[0]} in the environment"
            )
        return ProviderAccess(url.rstrip("/"), token)

    def _pulumi(self, *arguments: str) -> str:
        argv = ["pulumi", *arguments, "--non-interactive"]
        try:
            done = subprocess.run(
                argv, cwd=self._folder, capture_output=True, text=True, timeout=SHORT_SECONDS, check=False
            )
        except FileNotFoundError:
            raise AcceptanceError("pulumi is not on the PATH: run this where pulumi up runs") from None
        except subprocess.TimeoutExpired:
            raise AcceptanceError(f"pulumi {arguments[0]} did not end within {SHORT_SECONDS:.0f} s") from None
        if done.returncode != 0:
            raise AcceptanceError(f"pulumi {' '.join(arguments[:2])} failed: {done.stderr.strip()}")
        return done.stdout


def _resources(output: str) -> dict[str, int]:
    """The numbers that Pulumi prints at the end, by what happened."""
    summary = output.rpartition("Resources:\n")[2]
    found = re.findall(r"^\s+[-+~]*\s*(\d+) (?:to )?([a-z]+)", summary, re.MULTILINE)
    return {what: int(number) for number, what in found}


def _diagnostics(output: str) -> str:
    """The end of the output of a run that failed, from its diagnostics on."""
    return output.rpartition("Diagnostics:\n")[2][-4000:].strip()
