"""The order of versions."""

from __future__ import annotations

from components.shared.versions import minor_version, parse_version


def test_versions_compare_by_their_numbers() -> None:
    assert parse_version("3.6.14") == (3, 6, 14)
    assert parse_version("3.6.9") < parse_version("3.6.14") < parse_version("3.10.0")


def test_the_minor_version_is_the_first_two_numbers() -> None:
    assert minor_version("3.6.14") == (3, 6)
