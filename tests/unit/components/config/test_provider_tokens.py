"""The providers' tokens and URLs, without which no run starts."""

from __future__ import annotations

import pytest

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


TOKENS = {"digitalocean:token": "t", "cloudflare:apiToken": "t"}


@pytest.mark.parametrize(
    ("configured", "environment", "error"),
    [
        (
            {"digitalocean:apiEndpoint": "api.digitalocean.com"},
            {},
            "digitalocean:apiEndpoint is api.digitalocean.com: write a complete URL that starts with https://",
        ),
        (
            {"digitalocean:apiEndpoint": "http://127.0.0.1:port"},
            {},
            "digitalocean:apiEndpoint is http://127.0.0.1:port: its host or its port cannot be one",
        ),
        (
            {"cloudflare:baseUrl": "https://me:5ecret@api.test"},
            {},
            "cloudflare:baseUrl is https://…@api.test: a user name and a password",
        ),
        ({}, {"DIGITALOCEAN_API_URL": "api.test"}, "DIGITALOCEAN_API_URL is api.test: write a complete URL"),
    ],
)
def test_a_url_that_no_request_can_have_is_refused_by_its_name(
    configured: dict[str, str], environment: dict[str, str], error: str
) -> None:
    (found,) = errors({**TOKENS, **configured}, environment)
    assert found.startswith(error)
