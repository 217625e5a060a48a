"""Which values a stack's configuration may have."""

from __future__ import annotations

from typing import Any

import pytest

from components.config.errors import ConfigurationError
from components.config.settings import LONGEST_DOMAIN, cluster_name
from components.shared.names import member_name
from tests.unit.components.config.configuration_errors import validation_errors
from tests.unit.components.config.valid_settings import settings


def test_four_keys_are_enough() -> None:
    loaded = settings()
    assert loaded.size == 3
    assert loaded.member_names[0] == "etcd-server-1.etcd.example.com"
    assert loaded.ssh_cidrs == ()
    assert len(loaded.release_checksum) == 64


@pytest.mark.parametrize("size", [0, -1, 2, 4, 8, 10, 11])
def test_an_even_or_extreme_size_is_rejected(size: int) -> None:
    (error,) = validation_errors(size=size)
    assert error.startswith(f"etcd:size is {size}: use an odd number from 1 to 9")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"domain": "not_a_name.example.com"},
            "etcd:domain is not_a_name.example.com: write a lower-case DNS name",
        ),
        (
            {"domain": "etcd.example.org"},
            "etcd:domain is etcd.example.org: it is not in the zone example.com",
        ),
        ({"domain": "badexample.com"}, "etcd:domain is badexample.com: it is not in the zone"),
        ({"domain": None}, "etcd:domain is not set: name the DNS domain"),
        ({"zone": None}, "etcd:zone is not set: name the Cloudflare zone"),
        ({"discoveryToken": None}, "etcd:discoveryToken is not set: create a DigitalOcean token"),
        ({"clientCidrs": ["198.51.100.0/33"]}, "etcd:clientCidrs is 198.51.100.0/33:"),
        ({"clientCidrs": ["198.51.100.7/24"]}, "etcd:clientCidrs is 198.51.100.7/24:"),
        ({"clientCidrs": None}, "etcd:clientCidrs is not set: list the IPv4 networks"),
        ({"alertEmails": ["ops"]}, "etcd:alertEmails is ops: write email addresses that are verified"),
        ({"metricsCidrs": ["prometheus"]}, "etcd:metricsCidrs is prometheus:"),
        (
            {"sshCidrs": ["0.0.0.0/0"]},
            "etcd:sshCidrs is ['0.0.0.0/0']: port 22 is never opened to the whole internet",
        ),
        ({"sshKeys": ["my-key"]}, "etcd:sshKeys is my-key: write the id or the MD5 fingerprint"),
        ({"version": "3.6.99"}, "etcd:version is 3.6.99: this program knows only the checksums of 3.5.32, "),
        ({"version": "v3.6.14"}, "etcd:version is v3.6.14: write three numbers"),
        ({"releaseSha256": "abc"}, "etcd:releaseSha256 is abc: write 64"),
        (
            {"releaseUrl": "https://mirror/{version}"},
            "etcd:releaseUrl is https://mirror/{version}: a mirror may have other files than etcd-io",
        ),
        ({"releaseUrl": "mirror"}, "etcd:releaseUrl is mirror: write a complete URL"),
        (
            {"certificateValidityHours": 720, "certificateRenewalHours": 720},
            "etcd:certificateValidityHours is 720: it must be longer than etcd:certificateRenewalHours, 720",
        ),
        ({"caValidityHours": 8760}, "etcd:caValidityHours is 8760: it must be longer than"),
        ({"electionMs": 400}, "etcd:electionMs is 400: etcd requires at least five times"),
        ({"quotaGiB": 10}, "etcd:quotaGiB is 10: the data volume has 10 GiB"),
        (
            {"compactionRetention": "8"},
            "etcd:compactionRetention is 8: etcd:compactionMode periodic needs a duration",
        ),
        (
            {"compactionMode": "revision"},
            "etcd:compactionRetention is 8h: etcd:compactionMode revision needs a number",
        ),
        ({"addresses": "both"}, "etcd:addresses is both: Input should be 'public' or 'private'"),
        ({"region": "Frankfurt 1"}, "etcd:region is Frankfurt 1: write a DigitalOcean slug"),
        ({"heartbeatMs": "fast"}, "etcd:heartbeatMs is fast: Input should be a valid integer"),
    ],
)
def test_an_error_names_key_value_reason_and_way_out(changes: dict[str, Any], expected: str) -> None:
    assert any(error.startswith(expected) for error in validation_errors(**changes)), validation_errors(
        **changes
    )


def test_an_error_does_not_show_the_token() -> None:
    (error,) = validation_errors(discoveryToken="a secret with a blank")
    assert "secret with" not in error
    assert error.startswith("etcd:discoveryToken is not a token: create")


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
