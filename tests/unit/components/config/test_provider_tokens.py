"""The providers' tokens, without which no run starts."""

from __future__ import annotations

from tests.unit.components.config.configuration_errors import load_errors
from tests.unit.components.config.valid_settings import VALID


def errors(tokens: dict[str, str], environment: dict[str, str] | None = None) -> list[str]:
    return load_errors(VALID, tokens, environment or {})


def test_each_token_may_be_in_the_configuration_or_the_environment() -> None:
    assert errors({"digitalocean:token": "t", "cloudflare:apiToken": "t"}) == []
    assert errors({"cloudflare:apiToken": "t"}, {"DIGITALOCEAN_TOKEN": "t"}) == []
    assert errors({"cloudflare:apiToken": "t"}, {"DIGITALOCEAN_ACCESS_TOKEN": "t"}) == []
    assert errors({"digitalocean:token": "t"}, {"CLOUDFLARE_API_TOKEN": "t"}) == []


def test_an_error_names_each_missing_token_and_how_to_set_it() -> None:
    assert errors({}) == [
        "digitalocean:token is not set: run pulumi config set --secret digitalocean:token, or set DIGITALOCEAN_TOKEN "
        "in the environment",
        "cloudflare:apiToken is not set: run pulumi config set --secret cloudflare:apiToken, or set "
        "CLOUDFLARE_API_TOKEN in the environment",
    ]
