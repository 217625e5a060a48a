"""The providers' tokens, without which no run begins."""

from __future__ import annotations

from tests.unit.components.config import loading
from tests.unit.components.config.test_settings import GOOD


def problems(tokens: dict[str, str], environment: dict[str, str] | None = None) -> list[str]:
    return loading.problems(GOOD, tokens, environment or {})


def test_both_tokens_may_stand_in_the_configuration_or_in_the_environment() -> None:
    assert problems({"digitalocean:token": "t", "cloudflare:apiToken": "t"}) == []
    assert problems({"cloudflare:apiToken": "t"}, {"DIGITALOCEAN_TOKEN": "t"}) == []
    assert problems({"cloudflare:apiToken": "t"}, {"DIGITALOCEAN_ACCESS_TOKEN": "t"}) == []
    assert problems({"digitalocean:token": "t"}, {"CLOUDFLARE_API_TOKEN": "t"}) == []


def test_each_missing_token_is_named_with_the_way_out() -> None:
    assert problems({}) == [
        "digitalocean:token is not set: run pulumi config set --secret digitalocean:token, or set DIGITALOCEAN_TOKEN "
        "in the environment",
        "cloudflare:apiToken is not set: run pulumi config set --secret cloudflare:apiToken, or set "
        "CLOUDFLARE_API_TOKEN in the environment",
    ]
