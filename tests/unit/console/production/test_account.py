"""The listings of the account: seldom, in turn, and unknown when they fail."""

from __future__ import annotations

from typing import Any

import pytest

from components.api.listing import ListingError
from components.backups.stack_file import StackError
from components.config.loading import ProviderAccess
from console.production import account as listings
from console.production.account import HURRY_SECONDS, MOST_SECONDS, SECONDS, Account
from console.production.stack_facts import digitalocean_access, explained

ACCESS = ProviderAccess("https://api.example.com", "token")
CLUSTER = "etcd-etcd-fra1"


class Api:
    """Answers listings, or fails."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.error: ListingError | None = None

    async def list_all(self, url: str, kind: str, token: str, **only: Any) -> list[dict[str, Any]]:
        self.asked.append(kind)
        if self.error is not None:
            raise self.error
        return [{"kind": kind, **only}]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    answering = Api()
    monkeypatch.setattr(listings, "list_all", answering.list_all)
    return answering


async def listed(account: Account, times: int) -> None:
    for _ in range(times):
        await account.list_next(ACCESS, CLUSTER, "fra1")


async def test_one_request_lists_one_kind(api: Api) -> None:
    account = Account()
    await listed(account, 1)
    assert api.asked == ["droplets"]
    assert account.droplets == [{"kind": "droplets", "tag_name": CLUSTER}]
    assert account.volumes is None


async def test_all_kinds_are_listed_first_and_then_droplets_most_often(api: Api) -> None:
    await listed(Account(), 10)
    assert sorted(api.asked[:4]) == ["droplets", "firewalls", "tags", "volumes"]
    assert api.asked[4:].count("droplets") == 3


async def test_while_a_run_goes_on_droplets_alone_are_listed(api: Api) -> None:
    account = Account()
    await listed(account, 4)
    account.expect_changes(True)
    await listed(account, 3)
    assert api.asked[4:] == ["droplets"] * 3
    assert account.pause == HURRY_SECONDS


async def test_a_console_that_is_opened_in_a_run_lists_all_kinds_too(api: Api) -> None:
    account = Account()
    account.expect_changes(True)
    await listed(account, 6)
    assert set(api.asked) == {"droplets", "firewalls", "tags", "volumes"}


async def test_after_a_run_all_kinds_are_listed_at_once(api: Api) -> None:
    account = Account()
    await listed(account, 9)
    account.list_all_again()
    assert account.pause < 1
    await listed(account, 4)
    assert sorted(api.asked[9:]) == ["droplets", "firewalls", "tags", "volumes"]
    assert account.pause == SECONDS


async def test_a_busy_api_is_asked_less_and_less(api: Api) -> None:
    account = Account()
    api.error = ListingError("answered 429", temporary=True)
    pauses: list[float] = []
    for _ in range(8):
        await listed(account, 1)
        pauses.append(account.pause)
    assert pauses[:3] == [2 * SECONDS, 4 * SECONDS, 8 * SECONDS]
    assert pauses[-1] == MOST_SECONDS
    api.error = None
    await listed(account, 4)
    assert (account.pause, account.problem) == (SECONDS, "")


async def test_a_failed_listing_keeps_what_is_known_and_says_since_when(api: Api) -> None:
    account = Account()
    await listed(account, 2)
    api.error = ListingError("answered 500", temporary=True)
    await listed(account, 1)
    assert account.volumes == [{"kind": "volumes", "region": "fra1"}]
    assert account.reason("volumes").startswith("as of ")
    assert account.reason("tags") == account.problem
    assert account.problem.startswith("answered 500. The next request is at ")


async def test_volumes_that_were_listed_before_the_droplets_changed_are_old(api: Api) -> None:
    account = Account()
    await listed(account, 2)
    assert account.reason("volumes") == ""
    account.changed_at = account.listed_at["volumes"] + 1
    assert account.reason("volumes").endswith(" UTC: the droplets have changed since")
    assert account.reason("droplets") == ""


async def test_what_was_not_asked_yet_is_told_apart(api: Api) -> None:
    account = Account()
    assert account.reason("tags") == "not asked yet"
    await listed(account, 4)
    assert account.reason("tags") == ""


async def test_a_refused_token_says_what_to_do_and_is_tried_again_soon(api: Api) -> None:
    account = Account()
    api.error = ListingError("answered 401", temporary=False, refused=True)
    await listed(account, 5)
    assert account.refused
    assert "DIGITALOCEAN_TOKEN" in account.problem
    assert account.pause == 2 * SECONDS


@pytest.mark.parametrize(
    "token", ["dop_v1_secret\n", "dop_v1_secret\r", "dop_v1_secret ", "dop_v1_secr\u00e9t"]
)
async def test_a_broken_token_is_refused_and_never_shown(token: str) -> None:
    account = Account()
    await account.list_next(ProviderAccess("https://api.example.com", token), CLUSTER, "fra1")
    assert account.refused
    assert "Set digitalocean:token or DIGITALOCEAN_TOKEN to a valid token" in account.problem
    assert "dop_v1" not in account.problem


async def test_a_proxy_that_cannot_be_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://[bad")
    account = Account()
    await listed(account, 2)
    assert "HTTPS_PROXY (or https_proxy) in the environment is not the URL of a proxy" in account.problem
    assert account.problem.endswith("Then start the console again.")
    assert account.reason("droplets") == account.problem
    assert account.pause == 4 * SECONDS


async def test_without_a_token_nothing_is_asked(api: Api) -> None:
    account = Account()
    await account.list_next(ProviderAccess("https://api.example.com"), CLUSTER, "fra1")
    assert api.asked == []
    assert "digitalocean:token" in account.problem


def test_the_token_of_the_configuration_comes_before_the_environments() -> None:
    environment = {"DIGITALOCEAN_TOKEN": "from the environment"}
    configured = {"digitalocean:token": {"value": "configured", "secret": True}}
    assert digitalocean_access(configured, environment).token == "configured"
    access = digitalocean_access({}, environment)
    assert (access.token, access.api_url) == ("from the environment", "https://api.digitalocean.com")
    assert "from the environment" not in repr(access)


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("error: no stack named 'fra9' found", "pulumi stack ls"),
        ("error: PULUMI_ACCESS_TOKEN must be set for login", "pulumi login"),
        (
            "error: invalid YAML file: yaml: line 14: could not find expected ':'",
            "the stack's file: correct it",
        ),
    ],
)
def test_what_pulumi_cannot_read_is_said_with_what_to_do(message: str, advice: str) -> None:
    assert explained(StackError(message)).startswith(message)
    assert advice in explained(StackError(message))


def test_a_wrong_passphrase_says_where_it_came_from() -> None:
    error = StackError("error: failed to decrypt: incorrect passphrase, please set ...")
    of_file = explained(error, {"PULUMI_CONFIG_PASSPHRASE_FILE": "/secret"})
    assert of_file.startswith("The passphrase in /secret is not that of the stack")
    assert "start the console again" in explained(error, {"PULUMI_CONFIG_PASSPHRASE": "x"})


def test_another_message_of_pulumi_stands_alone() -> None:
    assert explained(StackError("error:\n  odd")) == "error: odd"
