"""What the stack's configuration may say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from components.config.errors import ConfigurationError
from components.config.loading import describe
from components.config.settings import LONGEST_DOMAIN, Settings, cluster_name
from components.shared.names import member_name

GOOD: dict[str, Any] = {
    "domain": "etcd.example.com",
    "zone": "example.com",
    "discoveryToken": "dop_v1_x",
    "clientCidrs": ["198.51.100.0/24"],
}


def errors_of(**changes: Any) -> list[str]:
    values = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(values)
    return [describe(detail) for detail in caught.value.errors()]


def test_four_keys_are_enough() -> None:
    settings = Settings.model_validate(GOOD)
    assert settings.size == 3
    assert settings.member_names[0] == "etcd-server-1.etcd.example.com"
    assert settings.ssh_cidrs == ()
    assert len(settings.release_checksum) == 64


@pytest.mark.parametrize("size", [0, -1, 2, 4, 8, 10, 11])
def test_an_even_or_extreme_size_is_refused(size: int) -> None:
    (error,) = errors_of(size=size)
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
        ({"alertEmails": ["ops"]}, "etcd:alertEmails is ops: write mail addresses that are verified"),
        ({"metricsCidrs": ["prometheus"]}, "etcd:metricsCidrs is prometheus:"),
        (
            {"sshCidrs": ["0.0.0.0/0"]},
            "etcd:sshCidrs is ['0.0.0.0/0']: port 22 is never opened to the whole internet",
        ),
        ({"sshKeys": ["my-key"]}, "etcd:sshKeys is my-key: write the id or the MD5 fingerprint"),
        ({"version": "3.6.99"}, "etcd:version is 3.6.99: its checksum is not known here"),
        ({"version": "v3.6.14"}, "etcd:version is v3.6.14: write three numbers"),
        ({"releaseSha256": "abc"}, "etcd:releaseSha256 is abc: write 64"),
        (
            {"releaseUrl": "https://mirror/{version}"},
            "etcd:releaseUrl is https://mirror/{version}: a mirror's files need",
        ),
        ({"releaseUrl": "mirror"}, "etcd:releaseUrl is mirror: write a whole URL"),
        (
            {"certificateValidityHours": 720, "certificateRenewalHours": 720},
            "etcd:certificateValidityHours is 720: it must be longer than etcd:certificateRenewalHours, 720",
        ),
        ({"caValidityHours": 8760}, "etcd:caValidityHours is 8760: it must be longer than"),
        ({"electionMs": 400}, "etcd:electionMs is 400: etcd demands at least five times"),
        ({"quotaGiB": 10}, "etcd:quotaGiB is 10: the data volume has 10 GiB"),
        ({"compactionRetention": "8"}, "etcd:compactionRetention is 8: mode periodic needs a duration"),
        ({"compactionMode": "revision"}, "etcd:compactionRetention is 8h: mode revision needs a number"),
        ({"addresses": "both"}, "etcd:addresses is both: Input should be 'public' or 'private'"),
        ({"region": "Frankfurt 1"}, "etcd:region is Frankfurt 1: write a DigitalOcean slug"),
        ({"heartbeatMs": "fast"}, "etcd:heartbeatMs is fast: Input should be a valid integer"),
    ],
)
def test_a_bad_value_is_named_with_its_key_and_the_way_out(changes: dict[str, Any], expected: str) -> None:
    assert any(error.startswith(expected) for error in errors_of(**changes)), errors_of(**changes)


def test_a_bad_token_is_not_shown() -> None:
    (error,) = errors_of(discoveryToken="dop_v1_secret with a blank")
    assert "secret with" not in error
    assert error.startswith("etcd:discoveryToken is not a token: create")


def test_every_wrong_key_is_named_at_once() -> None:
    assert len(errors_of(size=4, domain="x", sshCidrs=["0.0.0.0/0"])) == 3


def test_an_unknown_version_is_taken_with_its_checksum() -> None:
    settings = Settings.model_validate({**GOOD, "version": "3.7.1", "releaseSha256": "a" * 64})
    assert settings.release_checksum == "a" * 64


def test_a_domain_is_as_long_as_a_hostname_leaves_room_for() -> None:
    longest = "e" * (LONGEST_DOMAIN - len(".example.com")) + ".example.com"
    assert Settings.model_validate({**GOOD, "domain": longest}).domain == longest
    assert len(member_name(9, longest)) == 64
    (error,) = errors_of(domain=f"e{longest}")
    assert error.startswith(f"etcd:domain is e{longest}: use at most 50 characters")


def test_the_cluster_is_named_after_project_and_stack() -> None:
    assert cluster_name("etcd", "fra1") == "etcd-etcd-fra1"


@pytest.mark.parametrize("stack", ["Prod", "fra_1", "x" * 60])
def test_a_stack_name_that_no_volume_could_have_is_refused(stack: str) -> None:
    with pytest.raises(ConfigurationError, match=f"the stack's name is {stack}: use lower-case"):
        cluster_name("etcd", stack)
