"""Reads a stack's configuration into ``Settings``, and says what is wrong in the words of ``pulumi config``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, get_origin

import pulumi
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from components.config.backup_settings import s3_endpoint, spaces_region
from components.config.errors import ConfigurationError
from components.config.settings import Settings

SPACES_URL = "https://{{.Region}}.digitaloceanspaces.com"
"""The provider's own default; it puts the bucket's region into it."""

CLOUDFLARE_URL = "https://api.cloudflare.com/client/v4"
DIGITALOCEAN_URL = "https://api.digitalocean.com"

PROVIDER_TOKENS = MappingProxyType(
    {
        ("digitalocean", "token"): ("DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"),
        ("cloudflare", "apiToken"): ("CLOUDFLARE_API_TOKEN",),
    }
)
"""Configuration keys of the providers' tokens, with the environment variables that the providers also read."""

SPACES_KEYS = MappingProxyType(
    {
        ("digitalocean", "spacesAccessId"): ("SPACES_ACCESS_KEY_ID",),
        ("digitalocean", "spacesSecretKey"): ("SPACES_SECRET_ACCESS_KEY",),
    }
)
"""The same for what the DigitalOcean provider needs to make a bucket."""

MISSING = MappingProxyType(
    {
        "domain": "name the DNS domain of the members, such as etcd.example.com",
        "zone": "name the Cloudflare zone that holds the domain, such as example.com",
        "discoveryToken": "create a DigitalOcean token with the scopes droplet:read and tag:read, then run "
        "pulumi config set --secret etcd:discoveryToken",
        "clientCidrs": "list the IPv4 networks of etcd's clients, and that of the machine that runs pulumi up, "
        "which checks the members' health",
    }
)
"""What to do about a key that has no default and is not set."""

SECRETS = frozenset({"discoveryToken", "backupAccessKey", "backupSecretKey"})
"""Keys whose values never stand in an error."""


@dataclass(frozen=True)
class ProviderAccess:
    """A provider's API and the token that the provider itself uses."""

    api_url: str
    token: str = field(repr=False)


def digitalocean_access(environment: Mapping[str, str] = os.environ) -> ProviderAccess:
    """What the DigitalOcean provider reads from configuration and environment, by its own precedence."""
    url = pulumi.Config("digitalocean").get("apiEndpoint") or environment.get("DIGITALOCEAN_API_URL")
    return ProviderAccess((url or DIGITALOCEAN_URL).rstrip("/"), _token("digitalocean", "token", environment))


def cloudflare_access(environment: Mapping[str, str] = os.environ) -> ProviderAccess:
    """What the Cloudflare provider reads from configuration and environment, by its own precedence."""
    url = pulumi.Config("cloudflare").get("baseUrl") or environment.get("CLOUDFLARE_BASE_URL")
    return ProviderAccess((url or CLOUDFLARE_URL).rstrip("/"), _token("cloudflare", "apiToken", environment))


def _token(namespace: str, key: str, environment: Mapping[str, str]) -> str:
    variables = PROVIDER_TOKENS[namespace, key]
    tokens = [pulumi.Config(namespace).get(key), *(environment.get(variable) for variable in variables)]
    return next((token for token in tokens if token), "")


def load_settings(config: pulumi.Config, environment: Mapping[str, str] = os.environ) -> Settings:
    """The stack's settings, validated.

    Raises ``ConfigurationError`` that names every wrong key, its value, and what to do. Secrets are not shown.
    """
    problems = [_missing_token(*key, variables, environment) for key, variables in PROVIDER_TOKENS.items()]
    try:
        settings = Settings.model_validate(read_values(config))
    except ValidationError as error:
        problems += [describe(detail) for detail in error.errors()]
    else:
        problems += _bucket_problems(settings, environment)
        if not any(problems):
            return settings
    raise ConfigurationError("\n".join(problem for problem in problems if problem))


def read_values(config: pulumi.Config) -> dict[str, Any]:
    """The values that are set, by key; an empty string counts as not set."""
    values: dict[str, Any] = {}
    for name, setting in Settings.model_fields.items():
        key = setting.alias or name
        structured = get_origin(setting.annotation) is tuple
        value: Any = config.get_object(key) if structured else config.get(key)
        if value not in (None, "", []):
            values[key] = value
    return values


def describe(detail: ErrorDetails) -> str:
    """One line for one of pydantic's errors: key, value, and the way out."""
    key = str(detail["loc"][0]) if detail["loc"] else ""
    if detail["type"] == "missing":
        return f"etcd:{key} is not set: {MISSING[key]}"
    cause = detail.get("ctx", {}).get("error")
    text = str(cause) if cause else detail["msg"]
    if not key:
        return text
    shown = "not a token" if key == "discoveryToken" else "not shown" if key in SECRETS else detail["input"]
    return f"etcd:{key} is {shown}: {text}"


def _bucket_problems(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """What the provider lacks to make the bucket for backups where the members look for it."""
    if not settings.backup_bucket_create:
        return []
    problems = [_missing_token(*key, variables, environment) for key, variables in SPACES_KEYS.items()]
    template = pulumi.Config("digitalocean").get("spacesEndpoint") or environment.get("SPACES_ENDPOINT_URL")
    made_at = (template or SPACES_URL).replace("{{.Region}}", spaces_region(settings, settings.region))
    looked_for = s3_endpoint(settings, settings.region)
    if made_at.rstrip("/") != looked_for:
        problems.append(
            f"etcd:backupEndpoint is {looked_for}: with etcd:backupBucketCreate the bucket would be made at {made_at} "
            "(digitalocean:spacesEndpoint). Name the same place in both, or make the bucket yourself"
        )
    return problems


def _missing_token(
    namespace: str, key: str, variables: tuple[str, ...], environment: Mapping[str, str]
) -> str:
    if pulumi.Config(namespace).get(key) or any(environment.get(variable) for variable in variables):
        return ""
    return (
        f"{namespace}:{key} is not set: run pulumi config set --secret {namespace}:{key}, or set {variables[0]} "
        "in the environment"
    )
