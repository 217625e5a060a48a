"""A version of etcd that does not enforce all permissions is worth a warning."""

from __future__ import annotations

import pytest

from components.config.authentication_holes import authentication_warning
from components.config.naming import ArgumentNames, named_by
from components.config.releases import CHECKSUMS
from components.shared.versions import parse_version
from tests.unit.components.config.valid_settings import settings

WATCH = "a client that may read one key can watch all keys after it (GHSA-xg4h-6gfc-h4m8)"
ALARM = (
    "while an alarm is raised, such as that of a full database, each client can delete all keys and switch "
    "authentication off (etcd-io/etcd pull request 22386)"
)
NEWEST = max(CHECKSUMS, key=parse_version)


@pytest.mark.parametrize(
    ("version", "holes", "way_out"),
    [
        ("3.6.13", WATCH, f"Use 3.6.14 or newer: the newest release that this program knows is {NEWEST}"),
        ("3.7.0", WATCH, "Use 3.7.1 or newer"),
        ("3.5.32", f"{WATCH}, and {ALARM}", f"Upgrade to 3.6: the newest release that this program knows is {NEWEST}"),
        ("3.5.33", ALARM, f"Upgrade to 3.6: the newest release that this program knows is {NEWEST}"),
    ],
)  # fmt: skip
def test_a_release_with_holes_is_named_with_the_way_out(version: str, holes: str, way_out: str) -> None:
    assert authentication_warning(settings(auth=True), version) == (
        f"etcd:version is {version}, and etcd:auth is true: in this version, {holes}. {way_out}"
    )


@pytest.mark.parametrize("version", ["3.6.14", "3.6.16", "3.7.1", "3.8.0"])
def test_a_release_without_known_holes_has_no_warning(version: str) -> None:
    assert authentication_warning(settings(auth=True), version) == ""


@pytest.mark.parametrize("auth", [None, False])
def test_a_cluster_without_authentication_has_no_warning(auth: bool | None) -> None:
    assert authentication_warning(settings(auth=auth), "3.5.32") == ""


def test_a_caller_reads_the_warning_with_its_own_names() -> None:
    with named_by(ArgumentNames()):
        warning = authentication_warning(settings(auth=True), "3.6.13")
    assert warning.startswith("args.etcd.version is 3.6.13, and args.access.auth is true: ")


def test_the_newest_release_that_the_program_knows_has_no_hole() -> None:
    assert authentication_warning(settings(auth=True), NEWEST) == ""
