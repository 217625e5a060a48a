"""The first droplet of a cluster is created only if the discovery token sees the cluster's tag."""

from __future__ import annotations

import httpx
import pulumi
import pytest

from components.api import listing
from components.config.loading import ProviderAccess
from components.droplets import discovery_check
from components.droplets.discovery_check import DiscoveryCheck

API = "https://api.test"
SEEN = httpx.Response(200, json={"tag": {"name": "etcd-etcd-fra1"}})
UNSEEN = httpx.Response(404, json={"id": "not_found", "message": "no such tag"})


class Api:
    """Gives one answer after the other, and the last one from then on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: httpx.Response) -> None:
        self.asked: list[tuple[str, str]] = []
        self._answers = [*answers]
        monkeypatch.setattr(listing, "ask_api", self._ask)
        monkeypatch.setattr(discovery_check, "PAUSES", ())
        monkeypatch.setattr(discovery_check, "PAUSE_SECONDS", 0.01)
        monkeypatch.setattr(discovery_check, "LISTING_LAG_SECONDS", 0.1)

    async def _ask(self, url: str, token: str, *, seconds: float) -> httpx.Response:
        self.asked.append((url, token))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    async def check(self, *, known: bool = True) -> None:
        access = ProviderAccess(API, "discovery" if known else "")
        await DiscoveryCheck("etcd-etcd-fra1", access).check()


async def test_a_tag_that_is_seen_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(monkeypatch, SEEN)
    await api.check()
    assert api.asked == [(f"{API}/v2/tags/etcd-etcd-fra1", "discovery")]


async def test_a_tag_may_be_seen_a_moment_later(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(monkeypatch, UNSEEN, UNSEEN, SEEN)
    await api.check()
    assert len(api.asked) == 3


async def test_a_token_of_another_team_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        await Api(monkeypatch, UNSEEN).check()
    assert str(refused.value) == (
        "etcd:discoveryToken does not see the tag etcd-etcd-fra1, which digitalocean:token has created. It is a token "
        "of another team, so the members would not find each other: set it to a token of the same team, with the "
        "scopes droplet:read and tag:read. No droplet was created"
    )


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (403, "Set it to a token with the scopes droplet:read and tag:read"),
        (500, "Run pulumi up again later"),
    ],
)
async def test_another_answer_names_the_token(
    monkeypatch: pytest.MonkeyPatch, status: int, remedy: str
) -> None:
    answer = httpx.Response(status, json={"id": "error", "message": "The API's own words"})
    with pytest.raises(pulumi.RunError) as refused:
        await Api(monkeypatch, answer).check()
    assert f"{API} answered {status}" in str(refused.value)
    assert f"The request used etcd:discoveryToken, as members do. {remedy}." in str(refused.value)


async def test_a_preview_and_an_unknown_token_ask_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(monkeypatch, UNSEEN)
    await api.check(known=False)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    await api.check()
    assert api.asked == []
