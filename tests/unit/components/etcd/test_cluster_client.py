"""A client of a running cluster tells its members from others, and changes nothing on an uncertain listing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pulumi
import pytest
from pulumi.runtime.settings import SETTINGS

from components.api.listing import ListingError
from components.droplets.address_book import AddressBook
from components.droplets.inventory import Inventory
from components.etcd.admin import ChangeRefusedError
from components.etcd.cluster_client import ClusterClient
from components.etcd.credentials import Credentials
from components.etcd.foreign_members import foreign_members
from components.etcd.health import listed_names
from components.etcd.member_status import Cause, MemberStatus, NoStatus, Observation
from components.identity.stack_state import StackState
from components.pki.authority import Certificate
from tests.unit.components.config.valid_settings import settings
from tests.unit.components.droplets.known_account import NEW, KnownDroplets, KnownInventory


@pytest.fixture(autouse=True)
def _forget_outputs() -> Iterator[None]:
    """Outputs that no test awaited belong to a closed event loop."""
    yield
    SETTINGS.outputs.clear()


class Unsigned(pulumi.Resource):
    """No engine knows it."""

    def __init__(self) -> None:
        """It is not registered."""


def certificate(text: pulumi.Input[str]) -> Certificate:
    output = pulumi.Output.from_input(text)
    return Certificate(output, output, pulumi.Output.from_input("key"), Unsigned())


def credentials() -> Credentials:
    return Credentials(pulumi.Output.from_input("ca"), certificate("operator"))


def cluster_client(stack: StackState = NEW, *, account: Inventory | None = None) -> ClusterClient:
    return ClusterClient(
        settings(),
        account=account or KnownInventory(stack),
        credentials=credentials(),
    )


DOMAIN = settings().domain
FOREIGN = ("extra", "10.9.9.9", f"etcd-server-9.{DOMAIN}", f"bastion.{DOMAIN}")
"""Members in etcd's list that are not configured. Only the last one has a droplet with the cluster's tag."""
LEAVING = f"etcd-server-5.{DOMAIN}"
"""A member that is not configured any more, and whose droplet exists."""


async def test_a_member_is_ours_if_it_is_configured_or_has_a_droplet(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()

    async def observe(there: Mapping[str, str], names: Iterable[str], _: object) -> dict[str, Observation]:
        wanted = set(names)
        if not wanted <= there.keys():
            return dict.fromkeys(wanted, NoStatus("it has no droplet"))
        asked.update(wanted)
        ids = {name: str(number) for number, name in enumerate([*settings().member_names, LEAVING, *FOREIGN])}
        status = MemberStatus("c", "1", "1", False, "", frozenset(), ids, learners=frozenset(FOREIGN))
        return dict.fromkeys(wanted, status)

    async def addresses(_: object) -> dict[str, str]:
        return dict.fromkeys([*settings().member_names, LEAVING, FOREIGN[-1]], "127.0.0.1")

    async def context(_: object) -> None:
        """No member is asked."""

    monkeypatch.setattr("components.etcd.cluster_client.observe_members", observe)
    monkeypatch.setattr(AddressBook, "addresses", addresses)
    monkeypatch.setattr(ClusterClient, "_tls_context", context)
    client = cluster_client()
    observations = await client.observe()
    assert listed_names(observations) == asked == {*settings().member_names, LEAVING}
    assert {one.name for one in foreign_members(observations)} == set(FOREIGN)
    # The last gate has recorded this one: its droplet was deleted by hand.
    client = cluster_client(replace(NEW, recorded=frozenset([FOREIGN[2], FOREIGN[3]])))
    assert listed_names(await client.observe()) == {*settings().member_names, LEAVING, FOREIGN[2]}


@pytest.mark.parametrize(
    ("droplet", "cause", "words"),
    [
        ({"tags": ["etcd"]}, Cause.UNTAGGED, "doctl compute droplet tag 7 --tag-name etcd-test"),
        ({"tags": ["Etcd-Test"]}, Cause.NO_DROPLET, "no droplet"),
        (None, Cause.NO_DROPLET, "no droplet"),
        (ListingError("429", temporary=True), Cause.UNLISTED, "429"),
    ],
    ids=["untagged", "tagged and not listed yet", "deleted", "unknown"],
)
async def test_a_known_droplet_without_the_tag_is_named_with_the_command_that_adds_it(
    monkeypatch: pytest.MonkeyPatch, droplet: Any, cause: Cause, words: str
) -> None:
    async def read(_: str, kind: str, key: str, __: str) -> Mapping[str, Any] | None:
        assert (kind, key) == ("droplets", "7")
        if isinstance(droplet, Exception):
            raise droplet
        return droplet

    async def nobody(_: object) -> dict[str, str]:
        return {}

    async def context(_: object) -> None:
        """No member is asked."""

    monkeypatch.setattr("components.droplets.address_book.read_one", read)
    monkeypatch.setattr(AddressBook, "addresses", nobody)
    monkeypatch.setattr(ClusterClient, "_tls_context", context)
    first = settings().member_names[0]
    found = (await cluster_client(replace(NEW, droplets={first: "7"})).observe())[first]
    assert isinstance(found, NoStatus)
    assert found.cause is cause
    assert words in found.reason


async def test_a_member_is_heard_if_one_that_answers_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = settings().member_names
    asked: list[str] = []

    async def heard(addresses: dict[str, str], _: object) -> set[int]:
        asked.extend(addresses)
        return {2}

    async def addresses(_: object) -> dict[str, str]:
        return dict.fromkeys((first, second, third), "127.0.0.1")

    async def context(_: object) -> None:
        """No member is asked."""

    monkeypatch.setattr("components.etcd.cluster_client.heard_members", heard)
    monkeypatch.setattr(AddressBook, "addresses", addresses)
    monkeypatch.setattr(ClusterClient, "_tls_context", context)
    ids = {first: "1", second: "2", third: "3"}
    status = MemberStatus("c", "1", "1", False, "", frozenset(), ids)
    silent = NoStatus("no answer in time", Cause.SILENT)
    observations: dict[str, Observation] = {first: status, second: silent, third: silent}
    assert await cluster_client().heard(observations) == {second}
    assert asked == [first]


async def test_no_traffic_is_read_if_every_member_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = settings().member_names

    async def addresses(_: object) -> dict[str, str]:
        return dict.fromkeys((first, second, third), "127.0.0.1")

    monkeypatch.setattr("components.etcd.cluster_client.heard_members", None)
    monkeypatch.setattr(AddressBook, "addresses", addresses)
    status = MemberStatus("c", "1", "1", False, "", frozenset(), {first: "1", second: "2", third: "3"})
    assert await cluster_client().heard(dict.fromkeys((first, second, third), status)) == frozenset()


async def test_a_members_clock_is_compared_with_that_of_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead: list[float] = []

    async def ask(*_: object, **how: float) -> None:
        ahead.append(how["ahead"])

    async def addresses(_: object) -> dict[str, str]:
        return {"a": "127.0.0.1"}

    async def context(_: object) -> None:
        """No member is asked."""

    monkeypatch.setattr("components.etcd.cluster_client.ask_report", ask)
    monkeypatch.setattr(AddressBook, "addresses", addresses)
    monkeypatch.setattr(ClusterClient, "_tls_context", context)
    account = KnownInventory(NEW)
    account.clock.note("Thu, 01 Jan 1970 01:00:00 GMT", sent=7200.0, received=7200.5)
    client = cluster_client(account=account)
    assert await client.reports(["a"]) == {}
    assert ahead == [3599.0]
    assert "this machine's clock is 0:59:59 ahead" in client.clock_problem


async def test_a_member_without_a_droplet_refuses_a_change_and_ends_nothing() -> None:
    with pytest.raises(ChangeRefusedError, match="the address of c is unknown: no droplet is listed for it"):
        await cluster_client().admin("c")


async def test_a_failed_listing_refuses_a_change_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(_: AddressBook) -> dict[str, str]:
        raise ListingError("the API answered 429", temporary=True)

    monkeypatch.setattr(KnownDroplets, "addresses", failing)
    with pytest.raises(ChangeRefusedError, match="the address of a is unknown: the API answered 429"):
        await cluster_client().admin("a")
