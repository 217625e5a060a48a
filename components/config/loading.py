"""Load and validate settings, and describe what is wrong with them by the names of their caller."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pulumi
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .backup_settings import s3_endpoint, spaces_region
from .errors import ConfigurationError
from .forms import (
    FORMS,
    MISSING,
    NEVER_SHOWN,
    shown,
    stands_for_another_type,
    to_write,
    to_write_missing,
    to_write_part,
)
from .naming import key_of, names, part_of, provider_key
from .settings import Settings
from .unknown_keys import PROGRAM, configured_keys, listed_names, nearest_names, unknown_keys
from .values import PRIVATE_KEY, checked_url

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


URLS: Mapping[str, str] = MappingProxyType({"digitalocean": "apiEndpoint", "cloudflare": "baseUrl"})
"""The provider's own name of its API."""

URL_VARIABLES = MappingProxyType(
    {"digitalocean": "DIGITALOCEAN_API_URL", "cloudflare": "CLOUDFLARE_BASE_URL"}
)
"""The environment variables from which the providers read the URLs of their APIs."""


@dataclass
class ProviderAccess:
    """A provider's API, and the provider's token.

    Both may come from other resources. They are empty until a run knows them, and in a preview perhaps for ever.
    """

    api_url: str = ""
    token: str = field(default="", repr=False)

    def __str__(self) -> str:
        """The API, for people."""
        return self.api_url

    @property
    def known(self) -> bool:
        """Whether the API can be asked."""
        return bool(self.token)

    def learn(self, other: ProviderAccess) -> None:
        """Take over what another one has."""
        self.api_url, self.token = other.api_url, other.token


def digitalocean_access(environment: Mapping[str, str] = os.environ) -> ProviderAccess:
    """API and token of the DigitalOcean provider, from configuration and environment in the provider's own order."""
    url = pulumi.Config("digitalocean").get("apiEndpoint") or environment_url("digitalocean", environment)
    return ProviderAccess((url or DIGITALOCEAN_URL).rstrip("/"), _token("digitalocean", "token", environment))


def cloudflare_access(environment: Mapping[str, str] = os.environ) -> ProviderAccess:
    """API and token of the Cloudflare provider, from configuration and environment in the provider's own order."""
    url = pulumi.Config("cloudflare").get("baseUrl") or environment_url("cloudflare", environment)
    return ProviderAccess((url or CLOUDFLARE_URL).rstrip("/"), _token("cloudflare", "apiToken", environment))


def environment_url(package: str, environment: Mapping[str, str] = os.environ) -> str:
    """The API that a provider without a configured one reads from the environment; empty if there is none."""
    return environment.get(URL_VARIABLES[package], "")


def environment_token(namespace: str, key: str, environment: Mapping[str, str] = os.environ) -> str:
    """The token that a provider without a configured one reads from the environment; empty if there is none."""
    variables = PROVIDER_TOKENS[namespace, key]
    return next((token for variable in variables if (token := environment.get(variable))), "")


def _token(namespace: str, key: str, environment: Mapping[str, str]) -> str:
    return pulumi.Config(namespace).get(key) or environment_token(namespace, key, environment)


def provider_problems(
    values: Mapping[str, Any], explicit: Collection[str], environment: Mapping[str, str] = os.environ
) -> list[str]:
    """What the default providers lack, or have wrong, for settings with these ``values``, each in one line.

    ``explicit`` are the packages whose resources have a provider of their own, which the configuration does not
    describe.
    """
    with_records = any(values.get(key) for key in ("zone", "zoneId"))
    wanted = {"digitalocean", *(["cloudflare"] if with_records else [])} - {*explicit}
    problems = [
        _missing_token(*key, variables, environment)
        for key, variables in PROVIDER_TOKENS.items()
        if key[0] in wanted
    ]
    problems += [_wrong_url(package, environment) for package in sorted(wanted)]
    return [problem for problem in problems if problem]


def _wrong_url(package: str, environment: Mapping[str, str]) -> str:
    """The line about the URL of a provider's API that no request can have; else empty."""
    key = URLS[package]
    given = pulumi.Config(package).get(key)
    url = given or environment_url(package, environment)
    name = f"{package}:{key}" if given else URL_VARIABLES[package]
    return url_problem(name, url) if url else ""


def url_problem(name: str, url: str) -> str:
    """The line about a URL of the caller called ``name`` that no request can have; else empty."""
    try:
        checked_url(url)
    except ValueError as error:
        return f"{name} is {shown(url)}: {error}"
    return ""


def load_settings(config: pulumi.Config, environment: Mapping[str, str] = os.environ) -> Settings:
    """Load and validate the stack's settings.

    Raises ``ConfigurationError``, which names every wrong or unknown key, its value, and what to do. It shows no
    secrets.
    """
    problems = unknown_keys(configured_keys(), config.name)
    return validated(configured_values(config), problems, environment=environment)


def validated(
    values: Mapping[str, Any],
    problems: Sequence[str],
    *,
    left_out: Collection[tuple[int | str, ...]] = (),
    explicit: Collection[str] = (),
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """The settings with these values, by the keys of ``pulumi config``. All callers have the same rules.

    Raises ``ConfigurationError`` with the ``problems`` that the caller has found, and with all others. ``left_out`` are
    the keys whose values those problems name, or the paths of parts of them: no other line is about these.
    """
    found = [*problems, *provider_problems(values, explicit, environment)]
    try:
        # Fields have the names of the schema here, whoever wrote them.
        settings = Settings.model_validate(values, by_alias=True, by_name=False)
    except ValidationError as error:
        found += describe_errors(error, left_out)
    else:
        if "digitalocean" not in explicit and not left_out:
            found += [problem for problem in _bucket_problems(settings, environment) if problem]
        if not found:
            return settings
    raise ConfigurationError("\n".join(found))


def configured_values(config: pulumi.Config) -> dict[str, Any]:
    """The values that are set, by key. An empty value counts as not set."""
    return typed_values({key: config.get(key) for key in FORMS})


def typed_values(texts: Mapping[str, Any]) -> dict[str, Any]:
    """The values for which the texts in a stack's configuration stand, by key. An empty value counts as not set."""
    values = {key: FORMS[key].from_text(text) if key in FORMS else text for key, text in texts.items()}
    return {key: value for key, value in values.items() if value not in (None, "", [])}


def describe_errors(error: ValidationError, left_out: Collection[tuple[int | str, ...]] = ()) -> list[str]:
    """Describe pydantic's errors, each in one line: key, value, and what to do.

    ``left_out`` are keys, or paths in their values. No line is about them, nor about what conflicts with another value.
    """
    found = error.errors()
    wrong_entries = {detail["loc"][0] for detail in found if len(detail["loc"]) > 1}
    return [
        _described(detail)
        for detail in found
        if not (left_out and not detail["loc"])
        and not any(detail["loc"][: len(path)] == path for path in left_out)
        # A list is not too short because its entries are wrong.
        and not (detail["type"] == "too_short" and detail["loc"][0] in wrong_entries)
    ]


def _described(detail: ErrorDetails) -> str:
    cause = detail.get("ctx", {}).get("error")
    if not detail["loc"]:
        return str(cause)
    key, path = str(detail["loc"][0]), detail["loc"][1:]
    if key not in FORMS:
        return "\n".join(unknown_keys([f"{PROGRAM}:{key}"], PROGRAM))
    given = detail["input"]
    if detail["type"] in {"extra_forbidden", "invalid_key"}:
        return _unknown_field(key, path[:-1], path[-1])
    name = part_of(key, path)
    if detail["type"] == "missing" and path:
        return f"{name} is not set: {to_write_part(key, path)}"
    if detail["type"] == "missing" or (detail["type"] == "too_short" and key in MISSING):
        state = "not set" if detail["type"] == "missing" else "an empty list"
        return f"{name} is {state}: {to_write_missing(key)}"
    if key in NEVER_SHOWN:
        return f"{name} is {_state_of_hidden(given, NEVER_SHOWN[key])}: {cause or to_write(key)}"
    # A configuration holds a key's own value as text. Only a part of it, or an argument, can be a number as text.
    in_dictionary = any(isinstance(part, str) for part in path)
    like_another_type = (names().distinguishes_text or in_dictionary) and stands_for_another_type(given)
    value = shown(given, quoted=like_another_type)
    if cause:
        return f"{name} is {value}: {cause}"
    form = FORMS[key].at(path)
    advice = to_write_part(key, path, given) if path else to_write(key, given)
    without = (
        ", without quotes" if like_another_type and not form.listed and form.from_text(given) != given else ""
    )
    return f"{name} is {value}: {advice}{without}"


def _state_of_hidden(given: object, what: str) -> str:
    """What is wrong with a value that no error shows. ``what`` it should be."""
    if not isinstance(given, str):
        return "not a string"
    return "a private key" if PRIVATE_KEY in given else f"not {what}"


def _unknown_field(key: str, path: Sequence[int | str], name: object) -> str:
    """The line about a field that its dictionary does not have."""
    fields = FORMS[key].at(path).fields
    *others, last = fields
    nearest = [part_of(key, [*path, one]) for one in nearest_names(str(name), fields)]
    remedy = (
        f"set {listed_names(nearest)} instead, and remove this one"
        if nearest
        else f"remove it. The fields are {', '.join(others)} and {last}"
    )
    return f"{part_of(key, path)}.{shown(str(name))} is set, and there is no such field: {remedy}"


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
            f"{key_of('backupEndpoint')} is {used_at}: {key_of('backupBucketCreate')} would create the bucket at "
            f"{created_at} ({provider_key('digitalocean:spacesEndpoint')}). Set both keys to the same endpoint, or "
            "create the bucket yourself"
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
