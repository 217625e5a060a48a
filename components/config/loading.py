"""Load a stack's configuration, and describe its errors by the keys of ``pulumi config``."""

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
from components.config.unknown_keys import configured_keys, unknown_keys

SPACES_URL = "https://{{.Region}}.digitaloceanspaces.com"
"""The provider's default endpoint. It replaces the template by the region of the bucket."""

CLOUDFLARE_URL = "https://api.cloudflare.com/client/v4"
DIGITALOCEAN_URL = "https://api.digitalocean.com"

PROVIDER_TOKENS = MappingProxyType(
    {
        ("digitalocean", "token"): ("DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"),
        ("cloudflare", "apiToken"): ("CLOUDFLARE_API_TOKEN",),
    }
)
"""The configuration keys of the providers' tokens, and the environment variables that the providers also read."""

SPACES_KEYS = MappingProxyType(
    {
        ("digitalocean", "spacesAccessId"): ("SPACES_ACCESS_KEY_ID",),
        ("digitalocean", "spacesSecretKey"): ("SPACES_SECRET_ACCESS_KEY",),
    }
)
"""The same for the keys that the DigitalOcean provider needs to create a bucket."""

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
"""How to set each key that has no default."""

SECRETS = frozenset({"discoveryToken", "backupAccessKey", "backupSecretKey"})
"""The keys whose values no error shows."""


@dataclass(frozen=True)
class ProviderAccess:
    """A provider's API, and the provider's token."""

    api_url: str
    token: str = field(repr=False)


def digitalocean_access(environment: Mapping[str, str] = os.environ) -> ProviderAccess:
    """API and token of the DigitalOcean provider, from configuration and environment in the provider's own order."""
    url = pulumi.Config("digitalocean").get("apiEndpoint") or environment.get("DIGITALOCEAN_API_URL")
    return ProviderAccess((url or DIGITALOCEAN_URL).rstrip("/"), _token("digitalocean", "token", environment))


def cloudflare_access(environment: Mapping[str, str] = os.environ) -> ProviderAccess:
    """API and token of the Cloudflare provider, from configuration and environment in the provider's own order."""
    url = pulumi.Config("cloudflare").get("baseUrl") or environment.get("CLOUDFLARE_BASE_URL")
    return ProviderAccess((url or CLOUDFLARE_URL).rstrip("/"), _token("cloudflare", "apiToken", environment))


def _token(namespace: str, key: str, environment: Mapping[str, str]) -> str:
    variables = PROVIDER_TOKENS[namespace, key]
    tokens = [pulumi.Config(namespace).get(key), *(environment.get(variable) for variable in variables)]
    return next((token for token in tokens if token), "")


def load_settings(config: pulumi.Config, environment: Mapping[str, str] = os.environ) -> Settings:
    """Load and validate the stack's settings.

    Raises ``ConfigurationError``, which names every wrong or unknown key, its value, and what to do. It shows no
    secrets.
    """
    problems = unknown_keys(configured_keys(), config.name)
    problems += [_missing_token(*key, variables, environment) for key, variables in PROVIDER_TOKENS.items()]
    try:
        settings = Settings.model_validate(configured_values(config))
    except ValidationError as error:
        problems += [describe_error(detail) for detail in error.errors()]
    else:
        problems += _bucket_problems(settings, environment)
        if not any(problems):
            return settings
    raise ConfigurationError("\n".join(problem for problem in problems if problem))


def configured_values(config: pulumi.Config) -> dict[str, Any]:
    """The values that are set, by key. An empty value counts as not set."""
    values: dict[str, Any] = {}
    for name, setting in Settings.model_fields.items():
        key = setting.alias or name
        structured = get_origin(setting.annotation) is tuple
        value: Any = config.get_object(key) if structured else config.get(key)
        if value not in (None, "", []):
            values[key] = value
    return values


def describe_error(detail: ErrorDetails) -> str:
    """Describe one of pydantic's errors in one line: key, value, and what to do."""
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
    """Why the provider could not create the bucket for backups where the members use it."""
    if not settings.backup_bucket_create:
        return []
    problems = [_missing_token(*key, variables, environment) for key, variables in SPACES_KEYS.items()]
    template = pulumi.Config("digitalocean").get("spacesEndpoint") or environment.get("SPACES_ENDPOINT_URL")
    created_at = (template or SPACES_URL).replace("{{.Region}}", spaces_region(settings, settings.region))
    used_at = s3_endpoint(settings, settings.region)
    if created_at.rstrip("/") != used_at:
        problems.append(
            f"etcd:backupEndpoint is {used_at}: etcd:backupBucketCreate would create the bucket at {created_at} "
            "(digitalocean:spacesEndpoint). Set both keys to the same endpoint, or create the bucket yourself"
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
