"""Resources, hooks and checks of a cluster use one account and one API."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pulumi
import pulumi_cloudflare as cloudflare
import pulumi_digitalocean as digitalocean
import pytest
from pulumi.resource import DependencyProviderResource

from components.api.accounts import WrongAccountError
from components.config.errors import ConfigurationError
from components.config.loading import ProviderAccess
from tests.component.callers import CLUSTER, program
from tests.component.conftest import Plan, PlanOf

OTHER_API = "https://api.other.example.com"
OTHER_ZONES = "https://zones.other.example.com/client/v4"
URN = "urn:pulumi:fra1::etcd::pulumi:providers:digitalocean::hidden::1b3b7b2e"


def second_account(**options: Any) -> None:
    """A program whose cluster has providers of a second account. The default providers have the first one."""
    providers = {
        "digitalocean": digitalocean.Provider("second", token="second-token", api_endpoint=OTHER_API),
        "cloudflare": cloudflare.Provider("second", api_token="second-zone-token", base_url=OTHER_ZONES),
    }
    program(pulumi.ResourceOptions(providers=providers), **options)()


def hidden_provider(**options: Any) -> None:
    """A program in another language: the component has a mere reference of its provider."""
    hidden = DependencyProviderResource(URN)
    program(pulumi.ResourceOptions(providers={"digitalocean": hidden}), **options)()


def as_account(monkeypatch: pytest.MonkeyPatch, *, provider: str, token: str) -> None:
    """The accounts of the hidden provider and of the token in the arguments."""
    invoke = pulumi.runtime.invoke_async

    async def invoked(name: str, *given: Any) -> Any:
        if name.startswith("digitalocean:index/getAccount"):
            return {"uuid": provider, "email": f"{provider}@example.com"}
        return await invoke(name, *given)

    async def read(*_: object, **__: object) -> dict[str, str]:
        return {"uuid": token, "email": f"{token}@example.com"}

    monkeypatch.setattr(pulumi.runtime, "invoke_async", invoked)
    monkeypatch.setattr("components.api.accounts.read_one", read)


def test_every_resource_has_the_providers_of_the_component(plan_of: PlanOf) -> None:
    plan = plan_of(second_account)
    made = [item for item in plan.resources if item.type.startswith(("digitalocean:", "cloudflare:"))]
    assert made
    assert all("::second::" in item.request.provider for item in made)


def test_nothing_is_asked_of_the_default_providers_account(plan_of: PlanOf) -> None:
    plan = plan_of(second_account)
    assert {*plan.requests} == {
        (OTHER_API, "second-token"),
        (OTHER_ZONES, "second-zone-token"),
        # Members and health checks read with a token of their own.
        ("https://api.digitalocean.com", "discovery-token"),
    }


@pytest.mark.parametrize(("token", "warned"), [("the-DIGITALOCEAN_TOKEN", 1), ("discovery-token", 0)])
def test_members_should_not_get_the_providers_token(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch, token: str, warned: int
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: warnings.append(text))
    plan_of(program(access={"discovery_token": token}))
    wanted = "args.access.discoveryToken is the same token as digitalocean:token. Every member gets it"
    assert len([text for text in warnings if text.startswith(wanted)]) == warned


async def test_hooks_ask_the_account_of_the_component(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ProviderAccess] = []

    async def ensure(access: ProviderAccess, _: str) -> str:
        asked.append(access)
        return ""

    monkeypatch.setattr("components.orphans.default_vpc.ensure_default_vpc", ensure)
    plan = Plan()
    # The program has an event loop of its own.
    await asyncio.to_thread(plan_of, second_account, plan=plan)
    await plan.hooks[f"{CLUSTER}-vpc-default"](None)
    assert asked == [ProviderAccess(OTHER_API, "second-token")]


def test_another_token_than_that_of_the_provider_is_refused_first(plan_of: PlanOf) -> None:
    plan = Plan()
    with pytest.raises(
        WrongAccountError, match=r"args\.access\.digitaloceanToken is not the token of the provider in"
    ):
        plan_of(lambda: second_account(access={"digitalocean_token": "first-token"}), plan=plan)
    assert not [item for item in plan.resources if item.type.startswith(("digitalocean", "tls"))]


def test_another_token_than_that_of_the_default_provider_is_refused_first(plan_of: PlanOf) -> None:
    plan = Plan()
    with pytest.raises(
        WrongAccountError, match=r"args\.access\.digitaloceanToken is not the token of the default provider"
    ):
        plan_of(program(access={"digitalocean_token": "another"}), plan=plan)
    assert not [item for item in plan.resources if item.type.startswith(("digitalocean", "tls"))]


def test_another_api_than_that_of_the_provider_is_refused_first(plan_of: PlanOf) -> None:
    plan = Plan()
    wanted = (
        rf"args\.access\.digitaloceanApiUrl is https://else\.where, and the provider .* uses {OTHER_API}\."
    )
    with pytest.raises(WrongAccountError, match=wanted):
        plan_of(lambda: second_account(access={"digitalocean_api_url": "https://else.where"}), plan=plan)
    assert not [item for item in plan.resources if item.type.startswith(("digitalocean", "tls"))]


def test_another_api_than_that_of_the_default_provider_is_refused_first(plan_of: PlanOf) -> None:
    plan = Plan()
    wanted = r"args\.access\.cloudflareApiUrl is https://else\.where, and the provider .* uses https://api\.cloudfl"
    with pytest.raises(WrongAccountError, match=wanted):
        plan_of(program(access={"cloudflare_api_url": "https://else.where"}), plan=plan)
    assert not [item for item in plan.resources if item.type.startswith(("digitalocean", "tls"))]


def test_the_same_api_and_token_may_be_named_a_second_time(plan_of: PlanOf) -> None:
    same = {"digitalocean_token": "second-token", "digitalocean_api_url": f"{OTHER_API}/"}
    plan = plan_of(lambda: second_account(access=same))
    assert len(plan.of_type("digitalocean:index/droplet:Droplet")) == 3


def test_the_api_of_a_hidden_provider_may_be_in_the_environment(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_account(monkeypatch, provider="one", token="one")
    monkeypatch.setenv("DIGITALOCEAN_API_URL", OTHER_API)
    plan = plan_of(lambda: hidden_provider(access={"digitalocean_token": "told"}))
    assert (OTHER_API, "told") in plan.requests


@pytest.mark.parametrize("token", ["a-secret-token\n", "a-secret token", "a-secret-tökén"])
def test_a_token_that_no_request_can_have_is_refused_and_not_shown(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    def with_token() -> None:
        monkeypatch.setenv("DIGITALOCEAN_TOKEN", token)
        program()()

    plan = Plan()
    with pytest.raises(ConfigurationError, match=r"^digitalocean:token has a space, a line break") as refused:
        plan_of(with_token, plan=plan)
    assert "a-secret" not in str(refused.value)
    assert plan.requests == []


def test_a_url_of_an_explicit_provider_that_no_request_can_have_is_refused(plan_of: PlanOf) -> None:
    def with_url() -> None:
        own = digitalocean.Provider("second", token="second-token", api_endpoint="https://me:5ecret@api.test")
        program(pulumi.ResourceOptions(providers={"digitalocean": own}))()

    plan = Plan()
    wanted = (
        r"^apiEndpoint of the provider in the options of the component is https://…@api\.test: a user name"
    )
    with pytest.raises(ConfigurationError, match=wanted) as refused:
        plan_of(with_url, plan=plan)
    assert "5ecret" not in str(refused.value)
    assert plan.requests == []


def test_a_provider_that_shows_no_token_needs_it_in_the_arguments(plan_of: PlanOf) -> None:
    plan = Plan()
    with pytest.raises(WrongAccountError, match=r"args\.access\.digitaloceanToken is not set: the component"):
        plan_of(hidden_provider, plan=plan)
    assert not [item for item in plan.resources if item.type.startswith(("digitalocean", "tls"))]


def test_the_token_of_a_hidden_provider_is_used_if_it_has_the_same_account(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_account(monkeypatch, provider="one", token="one")
    plan = plan_of(
        lambda: hidden_provider(access={"digitalocean_token": "told", "digitalocean_api_url": OTHER_API})
    )
    assert (OTHER_API, "told") in plan.requests
    assert len(plan.of_type("digitalocean:index/droplet:Droplet")) == 3


def test_a_token_of_another_account_than_the_hidden_providers_is_refused_first(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_account(monkeypatch, provider="one", token="other")
    plan = Plan()
    with pytest.raises(
        WrongAccountError, match=r"a token of the account other@example.com, and the provider"
    ):
        plan_of(lambda: hidden_provider(access={"digitalocean_token": "told"}), plan=plan)
    assert not [item for item in plan.resources if item.type.startswith(("digitalocean", "tls"))]


@pytest.mark.parametrize(("status", "refused"), [(200, False), (403, True), (503, False)])
def test_a_token_that_does_not_see_the_zone_of_a_hidden_provider_is_refused(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch, status: int, refused: bool
) -> None:
    asked: list[tuple[str, str]] = []

    async def answer(url: str, token: str, *_: object) -> httpx.Response:
        asked.append((url, token))
        return httpx.Response(status)

    monkeypatch.setattr("components.api.accounts.ask_with_retries", answer)

    def cluster() -> None:
        hidden = DependencyProviderResource(URN.replace("digitalocean::", "cloudflare::"))
        opts = pulumi.ResourceOptions(providers={"cloudflare": hidden})
        program(opts, access={"cloudflare_token": "told"})()

    if refused:
        with pytest.raises(
            WrongAccountError, match=r"about the zone example\.com to the token args\.access\.cl"
        ):
            plan_of(cluster)
    else:
        assert len(plan_of(cluster).of_type("digitalocean:index/droplet:Droplet")) == 3
    zone = "https://api.cloudflare.com/client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353"
    assert asked == [(zone, "told")]


def test_a_disagreement_of_the_two_tokens_names_the_arguments(plan_of: PlanOf) -> None:
    there = [{"id": 1, "name": "etcd-server-1.etcd.example.com", "tags": [CLUSTER]}]
    with pytest.raises(
        pulumi.RunError,
        match=r"args\.access\.discoveryToken does not list .* and token of the provider second does\.",
    ):
        plan_of(second_account, bootstrap={"token": "t"}, discovered=[], account=there)


def test_the_default_providers_token_is_asked_for_where_it_is_used(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_tokens() -> None:
        for variable in ("DIGITALOCEAN_TOKEN", "CLOUDFLARE_API_TOKEN"):
            monkeypatch.delenv(variable)
        second_account()
        program(name="other", dns={"zone": None})()

    with pytest.raises(ConfigurationError) as refusal:
        plan_of(without_tokens)
    assert str(refusal.value).startswith("digitalocean:token is not set: run pulumi config set --secret")
    assert "cloudflare" not in str(refusal.value)
