"""Names of members."""

from __future__ import annotations

import pytest

from components.shared.names import MEMBER_NAME, by_number, listed_name, member_name, member_number


@pytest.mark.parametrize("number", [1, 9, 10])
def test_a_members_number_is_read_from_its_name(number: int) -> None:
    name = member_name(number, "x2.example.test")
    assert MEMBER_NAME.fullmatch(name)
    assert member_number(name) == number


def test_members_are_sorted_by_number() -> None:
    names = [member_name(number, "example.test") for number in (10, 9, 1)]
    assert sorted(names, key=by_number) == names[::-1]


@pytest.mark.parametrize(
    ("name", "peer_urls", "expected"),
    [
        ("m1", ["https://other:2380"], "m1"),
        ("", ["https://m1.example.test:2380", "https://other:2380"], "m1.example.test"),
        ("", [], ""),
    ],
)
def test_a_member_that_never_started_is_named_by_its_peer_url(
    name: str, peer_urls: list[str], expected: str
) -> None:
    assert listed_name(name, peer_urls) == expected
