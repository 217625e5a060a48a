"""The version in all places that name it."""

from __future__ import annotations

import re
import tomllib

import pytest

from .conftest import CHECKOUT, VERSION

CHANGES = (CHECKOUT / "CHANGELOG.md").read_text()
PREPARED = re.sub(r"\.?(a|b|rc|dev)\d+$", "", VERSION)
"""The version without the suffix that it has before its release."""


def numbers(version: str) -> tuple[int, ...]:
    """The numbers of a release, such as (0, 2, 0)."""
    return tuple(int(number) for number in version.split("."))


def test_unreleased_changes_have_a_higher_version_than_the_last_release() -> None:
    unreleased, released = re.split(r"^## \[(?=\d)", CHANGES, maxsplit=1, flags=re.MULTILINE)
    changed = unreleased.partition("## [Unreleased]")[2].strip()
    if changed:
        assert numbers(PREPARED) > numbers(released.partition("]")[0])
        assert VERSION != PREPARED, "an unreleased version has a suffix such as .dev0"


@pytest.mark.parametrize(
    "file", ["python/requirements.txt", "two-clusters/requirements.txt", "yaml/Pulumi.yaml"]
)
def test_an_example_names_the_tag_of_the_version_that_is_prepared(file: str) -> None:
    assert re.findall(r"@v?\d\S*", (CHECKOUT / "examples" / file).read_text()) == [f"@v{PREPARED}"]


def test_the_lock_file_has_the_version_of_the_distribution() -> None:
    locked = tomllib.loads((CHECKOUT / "uv.lock").read_text())["package"]
    assert [one["version"] for one in locked if one["name"] == "etcd-digitalocean"] == [VERSION]
