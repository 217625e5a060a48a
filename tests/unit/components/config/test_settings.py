"""Which values a stack's configuration may have."""

from __future__ import annotations

import re
from typing import Any

import pytest

from components.config.errors import ConfigurationError
from components.config.releases import CHECKSUMS
from components.config.settings import LONGEST_DOMAIN, Settings, cluster_name
from components.shared.names import member_name
from tests.unit.components.config.configuration_errors import validation_errors
from tests.unit.components.config.invalid_settings import BAD_SETTINGS
from tests.unit.components.config.valid_settings import VALID, settings


def test_three_keys_are_enough() -> None:
    loaded = Settings.model_validate({key: value for key, value in VALID.items() if key != "zone"})
    assert not loaded.has_records
    assert loaded.size == 3
    assert loaded.member_names[0] == "etcd-server-1.etcd.example.com"
    assert loaded.ssh_cidrs == ()
    assert len(loaded.release_checksum) == 64


@pytest.mark.parametrize("size", [0, -1, 2, 4, 8, 10, 11])
def test_an_even_or_extreme_size_is_rejected(size: int) -> None:
    (error,) = validation_errors(size=size)
    assert error.startswith(f"etcd:size is {size}: use an odd number from 1 to 9")


@pytest.mark.parametrize(("changes", "expected"), BAD_SETTINGS)
def test_an_error_names_key_value_reason_and_way_out(changes: dict[str, Any], expected: str) -> None:
    assert any(error.startswith(expected) for error in validation_errors(**changes)), validation_errors(
        **changes
    )


def test_extra_names_are_written_as_certificates_have_them() -> None:
    names = ("etcd", "*.etcd.example.com", "203.0.113.7", "2001:db8::1")
    assert settings(extraNames=[*names[:3], "2001:DB8:0::1"]).extra_names == names


def test_an_error_does_not_show_the_token() -> None:
    (error,) = validation_errors(discoveryToken="a secret with a blank")
    assert "secret with" not in error
    assert error.startswith("etcd:discoveryToken is not a token: it has a space, a line break or another")


@pytest.mark.parametrize("token", ["token\u200b", "tökén", "a-token\n"])
def test_a_token_that_no_request_can_have_is_refused_and_not_shown(token: str) -> None:
    (error,) = validation_errors(discoveryToken=token)
    assert error == (
        "etcd:discoveryToken is not a token: it has a space, a line break or another character that no token has: set "
        "it again without it"
    )


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("sshKeys", ["-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n"], "sshKeys[0] is a private key: write the id"),
        ("sshKeys", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n", "sshKeys is a private key: write a list"),
        ("zoneId", "dop_v1_5ecret", "zoneId is dop_v1_…: write the 32 hexadecimal digits"),
        ("releaseUrl", "https://me:5ecret@mirror/x", "releaseUrl is https://…@mirror/x: a user name and a password in"),
        ("releaseUrl", "https://me:5e#c/r?et@mirror/x", "releaseUrl is https://…@mirror/x: its host or"),
    ],
)  # fmt: skip
def test_a_secret_in_the_place_of_another_value_is_not_shown(key: str, value: Any, shown: str) -> None:
    (error,) = validation_errors(**{key: value})
    assert error.startswith(f"etcd:{shown}")
    assert not re.search("5ecret|b3Bl|5e#c", error)


def test_a_release_may_have_a_url_that_is_signed() -> None:
    url = "https://s3.example.com/etcd-v{version}.tar.gz?X-Amz-Signature=ab%2F"
    assert settings(releaseUrl=url, releaseSha256="a" * 64).release_url == url


def test_a_known_checksum_may_be_written_down() -> None:
    assert settings(version="3.6.13", releaseSha256=CHECKSUMS["3.6.13"]).version == "3.6.13"


@pytest.mark.parametrize(
    ("mode", "retention"), [("periodic", "2592000s"), ("periodic", "999999h"), ("revision", "9" * 18)]
)
def test_all_that_etcd_takes_may_be_kept_by_compaction(mode: str, retention: str) -> None:
    assert settings(compactionMode=mode, compactionRetention=retention).compaction_retention == retention


def test_all_wrong_keys_are_named_at_once() -> None:
    assert len(validation_errors(size=4, domain="x", sshCidrs=["0.0.0.0/0"])) == 3


def test_an_unknown_version_is_allowed_with_its_checksum() -> None:
    assert settings(version="3.7.1", releaseSha256="a" * 64).release_checksum == "a" * 64


def test_a_domain_is_at_most_as_long_as_a_hostname_allows() -> None:
    longest = "e" * (LONGEST_DOMAIN - len(".example.com")) + ".example.com"
    assert settings(domain=longest).domain == longest
    assert len(member_name(9, longest)) == 64
    (error,) = validation_errors(domain=f"e{longest}")
    assert error.startswith(f"etcd:domain is e{longest}: use at most 50 characters")


def test_the_cluster_is_named_after_project_and_stack() -> None:
    assert cluster_name("etcd", "fra1") == "etcd-etcd-fra1"


@pytest.mark.parametrize("stack", ["Prod", "fra_1", "x" * 60])
def test_a_stack_name_that_no_volume_can_have_is_rejected(stack: str) -> None:
    with pytest.raises(ConfigurationError, match=f"the stack's name is {stack}: use only lower-case"):
        cluster_name("etcd", stack)
