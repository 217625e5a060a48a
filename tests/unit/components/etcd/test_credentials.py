"""Which certificate look-ups and changes show."""

from __future__ import annotations

import asyncio

import pulumi
import pytest

from components.etcd.credentials import Credentials
from components.pki.authority import Certificate


class Unsigned(pulumi.Resource):
    """No engine knows it."""

    def __init__(self) -> None:
        """It is not registered."""


def certificate(name: str, *, known: bool = True) -> Certificate:
    def later(value: object) -> asyncio.Future[object]:
        future = asyncio.get_running_loop().create_future()
        future.set_result(value)
        return future

    output = pulumi.Output[str](set(), later(name if known else None), later(known))
    return Certificate(output, output, output, Unsigned())


async def shown(credentials: Credentials) -> tuple[str, str]:
    """What look-ups and changes show. It is empty while it is unknown."""
    lookups, changes = await credentials.for_lookups(), await credentials.for_changes()
    return lookups.certificate if lookups else "", changes.certificate if changes else ""


@pytest.mark.parametrize(
    ("reader", "management", "expected"),
    [
        (None, None, ("operator", "operator")),
        (True, True, ("reader", "management")),
        (False, True, ("operator", "management")),
        (True, False, ("reader", "operator")),
        (False, False, ("operator", "operator")),
    ],
    ids=str,
)
async def test_each_request_shows_the_certificate_made_for_it(
    reader: bool | None, management: bool | None, expected: tuple[str, str]
) -> None:
    credentials = Credentials(
        pulumi.Output.from_input("ca"),
        certificate("operator"),
        reader=None if reader is None else certificate("reader", known=reader),
        management=None if management is None else certificate("management", known=management),
    )
    assert await shown(credentials) == expected


async def test_nothing_is_shown_in_a_preview_that_creates_all_certificates() -> None:
    credentials = Credentials(pulumi.Output.from_input("ca"), certificate("operator", known=False))
    assert await shown(credentials) == ("", "")


async def test_a_key_is_in_no_text_of_an_error() -> None:
    texts = await Credentials(pulumi.Output.from_input("ca"), certificate("secret")).for_changes()
    assert "key" not in repr(texts)
