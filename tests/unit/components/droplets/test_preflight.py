"""DigitalOcean is asked what it would create, and only a wrong value is reported as one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any

import httpx
import pulumi
import pytest

from components.api import listing
from components.api.http_client import NoAnswerError
from components.config.loading import ProviderAccess
from components.droplets import preflight
from components.droplets.preflight import CatalogueError, Preflight, PreflightError
from tests.unit.components.config.valid_settings import settings

API = "https://api.test"
MEMBERS = settings().member_names


class Account:
    """DigitalOcean's answers by path, and the requests that it got. A text in place of an answer means no answer."""

    def __init__(self, **changes: Any) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, Any] = {
            "regions": {
                "regions": [{"slug": "fra1", "available": True, "sizes": ["s-2vcpu-2gb", "s-1vcpu-1gb"]}]
            },
            "sizes": {
                "sizes": [
                    {"slug": "s-2vcpu-2gb", "memory": 2048, "disk": 60, "available": True},
                    {"slug": "s-1vcpu-1gb", "memory": 1024, "disk": 25, "available": False},
                ]
            },
            "images/debian-13-x64": {
                "image": {
                    "slug": "debian-13-x64",
                    "public": True,
                    "distribution": "Debian",
                    "regions": ["fra1"],
                    "min_disk_size": 7,
                    "status": "available",
                }
            },
            "account": {"account": {"droplet_limit": 25}},
            "droplets": {"droplets": []},
            **{key.replace("__", "/").replace("_", "-"): value for key, value in changes.items()},
        }

    async def ask(self, url: str, token: str, *, seconds: float) -> httpx.Response:
        assert token == "secret"
        path = url.partition("?")[0].removeprefix(f"{API}/v2/")
        self.asked.append(path)
        answer = self.answers.get(path, 404)
        if isinstance(answer, str):
            raise NoAnswerError(answer)
        if isinstance(answer, int):
            return httpx.Response(answer, json={"id": "error", "message": "The API's own words"})
        return httpx.Response(200, json=answer)


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the checks warned of."""
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    monkeypatch.setattr(preflight, "PAUSES", ())
    return said


async def no_other_team() -> None:
    """The discovery token is of the provider's team."""


def checks(
    monkeypatch: pytest.MonkeyPatch,
    account: Account,
    *,
    existing: Iterable[str] = MEMBERS,
    check_discovery: Callable[[], Awaitable[None]] = no_other_team,
    **changes: Any,
) -> Preflight:
    monkeypatch.setattr(listing, "ask_api", account.ask)
    return Preflight(
        settings(**changes),
        existing=pulumi.Output.from_input(frozenset(existing)),
        access=ProviderAccess(API, "secret"),
        check_records=no_conflict,
        check_discovery=check_discovery,
    )


async def no_conflict(missing: Collection[str]) -> None:
    """The zone has no records of these members."""


@pytest.mark.usefixtures("warnings")
@pytest.mark.parametrize(
    "answer", [500, 429, "TimeoutError: no answer in time"], ids=["500", "429", "silence"]
)
@pytest.mark.parametrize("path", ["regions", "sizes", "images__debian_13_x64"])
async def test_a_catalogue_in_trouble_is_not_reported_as_a_wrong_value(
    monkeypatch: pytest.MonkeyPatch, path: str, answer: int | str
) -> None:
    with pytest.raises(CatalogueError) as refused:
        await checks(monkeypatch, Account(**{path: answer})).before_replacing()
    text = str(refused.value)
    assert text.startswith(API)
    assert "The request used digitalocean:token" in text
    assert "Run pulumi up again later. No member was changed" in text
    assert "etcd:" not in text
    assert "use " not in text


@pytest.mark.usefixtures("warnings")
async def test_a_token_that_may_not_read_the_catalogue_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        CatalogueError, match=r"lacks the scope sizes:read\. The request used digitalocean:token"
    ):
        await checks(monkeypatch, Account(sizes=403)).before_replacing()


async def test_a_lost_member_is_made_without_the_catalogue(
    monkeypatch: pytest.MonkeyPatch, warnings: list[str]
) -> None:
    await checks(monkeypatch, Account(regions=503), existing=MEMBERS[:2]).before_adding()
    (warning,) = warnings
    assert warning.startswith(
        f"{API} answered 503 to the listing of regions. The missing members are created without"
    )


@pytest.mark.usefixtures("warnings")
async def test_a_new_cluster_is_not_begun_without_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CatalogueError, match="answered 503"):
        await checks(monkeypatch, Account(regions=503), existing=()).before_adding()


@pytest.mark.usefixtures("warnings")
@pytest.mark.parametrize("existing", [MEMBERS, MEMBERS[:2], ()], ids=["replaced", "lost", "new"])
async def test_a_wrong_value_is_refused_wherever_a_droplet_is_made(
    monkeypatch: pytest.MonkeyPatch, existing: tuple[str, ...]
) -> None:
    wrong = checks(monkeypatch, Account(), existing=existing, image="debian-99-x64")
    check = wrong.before_replacing if existing == MEMBERS else wrong.before_adding
    with pytest.raises(
        PreflightError, match="etcd:image is debian-99-x64: DigitalOcean has no such image"
    ) as error:
        await check()
    assert not isinstance(error.value, CatalogueError)


@pytest.mark.usefixtures("warnings")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (
            {"region": "nyc9"},
            r"etcd:region is nyc9: DigitalOcean creates no droplets there: use one of fra1\.",
        ),
        ({"dropletSize": "s-1vcpu-1gb"}, r"etcd:dropletSize is s-1vcpu-1gb: .* use one of s-2vcpu-2gb\."),
        (
            {"volumeSize": 0, "quotaGiB": 57},
            r"etcd:quotaGiB is 57: the data is on the root disk \(etcd:volumeSize 0\), which has 60 GiB .* at most 56",
        ),
    ],
)
async def test_what_digitalocean_would_not_create_is_refused(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], error: str
) -> None:
    with pytest.raises(PreflightError, match=error):
        await checks(monkeypatch, Account(), **changes).before_replacing()


async def test_a_quota_above_the_memory_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, warnings: list[str]
) -> None:
    await checks(monkeypatch, Account(), quotaGiB=2).before_replacing()
    assert warnings == []
    await checks(monkeypatch, Account(), quotaGiB=3).before_replacing()
    (warning,) = warnings
    assert warning.startswith("etcd:quotaGiB is 3: etcd:dropletSize s-2vcpu-2gb has 2 GiB of memory.")


@pytest.mark.usefixtures("warnings")
async def test_the_catalogue_is_asked_once_for_all_members(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account()
    once = checks(monkeypatch, account)
    assert account.asked == []
    for _ in range(3):
        await once.before_replacing()
    assert sorted(account.asked) == ["images/debian-13-x64", "regions", "sizes"]


@pytest.mark.usefixtures("warnings")
@pytest.mark.parametrize(
    ("existing", "asked"), [((), 1), (MEMBERS[:1], 0)], ids=["a new cluster", "a lost member"]
)
async def test_only_the_first_droplets_wait_for_the_discovery_token(
    monkeypatch: pytest.MonkeyPatch, existing: Collection[str], asked: int
) -> None:
    calls: list[int] = []

    async def check() -> None:
        calls.append(1)

    preflight = checks(monkeypatch, Account(), existing=existing, check_discovery=check)
    await asyncio.gather(preflight.before_adding(), preflight.before_adding())
    assert len(calls) == asked
