"""The size of a droplet's user data, known before anything is created."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from components.userdata.filler import random_text
from components.userdata.headroom import LONGEST_CLUSTER_NAME, free_bytes, worst_case
from components.userdata.node_config import MemberCertificates, RunValues, node_config
from components.userdata.render import LIMIT, TooLargeError, render_user_data
from components.userdata.size_check import KEY_BYTES, check_user_data, largest_size
from localcloud.plugins.tls import signing
from tests.unit.components.config.valid_settings import settings

WORST = worst_case()


def test_at_least_4300_bytes_are_free_in_the_worst_case() -> None:
    assert free_bytes() >= 4300


@dataclass(frozen=True)
class Signed:
    """A key with its certificate, as the TLS provider makes them."""

    key: str
    certificate: str


def private_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


def planned(**values: Any) -> dict[str, Any]:
    """What a certificate or a request is made from."""
    rest = ("dnsNames", "ipAddresses", "uris", "setSubjectKeyId", "setAuthorityKeyId", "maxPathLength")
    return {**dict.fromkeys(rest), "validityPeriodHours": 87600, "isCaCertificate": False, **values}


def authority(number: int) -> Signed:
    key = private_key()
    inputs = planned(
        privateKeyPem=key,
        subject={"commonName": f"{LONGEST_CLUSTER_NAME} CA {number}"[:64]},
        allowedUses=["cert_signing", "crl_signing"],
        isCaCertificate=True,
    )
    return Signed(key, signing.self_signed(inputs, datetime.now(UTC))[1]["certPem"])


def signed_by(signer: Signed, request: dict[str, Any], **values: Any) -> str:
    inputs = planned(
        certRequestPem=signing.request(request)[1]["certRequestPem"],
        caPrivateKeyPem=signer.key,
        caCertPem=signer.certificate,
        **values,
    )
    return signing.locally_signed(inputs, datetime.now(UTC))[1]["certPem"]


def crossed(newer: Signed, older: Signed) -> str:
    """The certificate of the newer authority as the older one signs it."""
    subject = {"commonName": f"{LONGEST_CLUSTER_NAME} CA 2"[:64]}
    return signed_by(
        older,
        planned(privateKeyPem=newer.key, subject=subject),
        allowedUses=["cert_signing", "crl_signing"],
        isCaCertificate=True,
    )


def leaf(signer: Signed, name: str) -> Signed:
    key = private_key()
    request = planned(
        privateKeyPem=key,
        subject={"commonName": name},
        dnsNames=[name, "localhost"],
        ipAddresses=["127.0.0.1"],
    )
    uses = ["digital_signature", "key_encipherment", "server_auth", "client_auth"]
    return Signed(key, signed_by(signer, request, allowedUses=uses))


def test_a_change_of_authorities_needs_no_more_than_is_reserved() -> None:
    """With the longest names, authentication, and peers that have authorities of their own."""
    (older, newer), (older_peers, newer_peers) = ([authority(1), authority(2)] for _ in range(2))
    name = WORST.member_names[-1]
    server, peer = leaf(newer, name), leaf(newer_peers, name)
    management = leaf(newer, "root")
    values = RunValues(
        token=f"{LONGEST_CLUSTER_NAME}-{'0' * 16}",
        initial_size=9,
        restore=WORST.restore_from,
        version=WORST.version,
        release_url=WORST.release_url,
        release_sha256=WORST.release_sha256,
        tag=LONGEST_CLUSTER_NAME,
        certificates=MemberCertificates(
            ca_certificate=older.certificate + newer.certificate,
            server_certificate=server.certificate + crossed(newer, older),
            server_key=server.key,
            peer_ca_certificate=older_peers.certificate + newer_peers.certificate,
            peer_certificate=peer.certificate,
            peer_key=peer.key,
            management_certificate=management.certificate,
            management_key=management.key,
        ),
    )
    node = node_config(WORST, 9, f"{LONGEST_CLUSTER_NAME}-9", values)
    assert len(server.key) == KEY_BYTES
    assert len(render_user_data(node).encode()) <= largest_size(LONGEST_CLUSTER_NAME, WORST)


def test_the_reserved_room_does_not_depend_on_settings_that_change_later() -> None:
    now = largest_size("etcd-etcd-test", settings(size=1, authorities=[1]))
    assert largest_size("etcd-etcd-test", settings(size=9, authorities=[2, 1])) == now


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (
            "backupCaCertificate",
            f"{random_text(20_000)}\n{authority(1).certificate}",
        ),
        ("extraFlags", ["distributed-tracing-address=" + random_text(20_000)]),
        ("discoveryToken", random_text(20_000)),
        ("backupSecretKey", random_text(20_000)),
        (
            "extraNames",
            [
                f"{'.'.join(random_text(60, seed=f'{name} {label}') for label in range(4))}.com"
                for name in range(20)
            ],
        ),
    ],
)
def test_the_setting_that_takes_most_of_the_room_is_named(key: str, value: Any) -> None:
    too_large = worst_case(**{key: value})
    with pytest.raises(
        TooLargeError,
        match=rf"can grow to \d+ bytes, .* at most {LIMIT}: shorten etcd:{key}, which has \d+ characters",
    ):
        check_user_data(LONGEST_CLUSTER_NAME, too_large)


def test_settings_that_need_no_more_than_the_limit_are_accepted() -> None:
    check_user_data(LONGEST_CLUSTER_NAME, WORST)
