"""Behaviour of the TLS stand-in that the recordings do not contain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
    load_ssh_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from localcloud.plugins.tls.provider import Tls

from .conftest import Serve
from .engine_client import EngineClient, RefusedError

SECRET = "4dabf18193072939515e22adb298388d"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class TlsEnd:
    """Creates keys and certificates like a program."""

    def __init__(self, serve: Serve) -> None:
        self.clock = Clock()
        self.stub = serve(Tls(self.clock))

    def end(self, kind: str) -> EngineClient:
        return EngineClient(self.stub, f"tls:index/{kind[0].lower()}{kind[1:]}:{kind}")

    def create(self, kind: str, **inputs: Any) -> dict[str, Any]:
        properties = self.end(kind).call("Create", properties=inputs)["properties"]
        return {
            key: value["value"] if isinstance(value, dict) and SECRET in value else value
            for key, value in properties.items()
        }

    def authority(self, **changed: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        key = self.create("PrivateKey", algorithm="ECDSA", ecdsaCurve="P256")
        inputs = {
            "privateKeyPem": key["privateKeyPem"],
            "isCaCertificate": True,
            "allowedUses": ["cert_signing", "crl_signing"],
            "validityPeriodHours": 87600,
            "subject": {"commonName": "etcd CA", "organization": "etcd"},
            **changed,
        }
        return key, self.create("SelfSignedCert", **inputs)

    def leaf_inputs(self, **changed: Any) -> dict[str, Any]:
        authority_key, authority = self.authority()
        key = self.create("PrivateKey", algorithm="ECDSA", ecdsaCurve="P384")
        request = self.create(
            "CertRequest",
            privateKeyPem=key["privateKeyPem"],
            dnsNames=["m1.example.test", "localhost"],
            ipAddresses=["127.0.0.1"],
            subject={"commonName": "m1"},
        )
        return {
            "caCertPem": authority["certPem"],
            "caPrivateKeyPem": authority_key["privateKeyPem"],
            "certRequestPem": request["certRequestPem"],
            "allowedUses": ["digital_signature", "server_auth", "client_auth"],
            "validityPeriodHours": 8760,
            "earlyRenewalHours": 720,
            **changed,
        }


@pytest.fixture
def tls(serve: Serve) -> TlsEnd:
    return TlsEnd(serve)


def certificate(properties: dict[str, Any]) -> x509.Certificate:
    return x509.load_pem_x509_certificate(properties["certPem"].encode())


@pytest.mark.parametrize(
    ("inputs", "preamble"),
    [
        ({"algorithm": "RSA", "rsaBits": 2048}, "RSA PRIVATE KEY"),
        ({"algorithm": "ECDSA", "ecdsaCurve": "P256"}, "EC PRIVATE KEY"),
        ({"algorithm": "ECDSA", "ecdsaCurve": "P521"}, "EC PRIVATE KEY"),
        ({"algorithm": "ED25519"}, "PRIVATE KEY"),
    ],
)
def test_every_encoding_of_a_key_is_the_same_key(tls: TlsEnd, inputs: dict[str, Any], preamble: str) -> None:
    made = tls.create("PrivateKey", **inputs)
    key: Any = load_pem_private_key(made["privateKeyPem"].encode(), None)
    assert made["privateKeyPem"].startswith(f"-----BEGIN {preamble}-----")
    public = key.public_key()
    others: list[Any] = [
        load_pem_private_key(made["privateKeyPemPkcs8"].encode(), None),
        load_ssh_private_key(made["privateKeyOpenssh"].encode(), None),
    ]
    assert [other.public_key() == public for other in others] == [True, True]
    assert load_pem_public_key(made["publicKeyPem"].encode()) == public
    assert made["publicKeyFingerprintSha256"].startswith("SHA256:")
    assert made["publicKeyFingerprintMd5"].count(":") == 15


def test_openssh_encodings_of_p224_are_empty(tls: TlsEnd) -> None:
    made = tls.create("PrivateKey", algorithm="ECDSA")
    assert made["ecdsaCurve"] == "P224"
    assert made["publicKeyOpenssh"] == made["privateKeyOpenssh"] == made["publicKeyFingerprintMd5"] == ""


def test_private_keys_are_secrets(tls: TlsEnd) -> None:
    made = tls.end("PrivateKey").call("Create", properties={"algorithm": "ED25519"})["properties"]
    secret = {key for key, value in made.items() if isinstance(value, dict) and SECRET in value}
    assert secret == {"privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"}


def test_the_error_for_an_unknown_algorithm_lists_the_known_ones(tls: TlsEnd) -> None:
    with pytest.raises(RefusedError, match='"DSA" is not supported: use RSA, ECDSA, ED25519'):
        tls.create("PrivateKey", algorithm="DSA")


def test_a_leaf_is_signed_by_its_authority_for_the_requested_names(tls: TlsEnd) -> None:
    inputs = tls.leaf_inputs()
    leaf = certificate(tls.create("LocallySignedCert", **inputs))
    authority = x509.load_pem_x509_certificate(inputs["caCertPem"].encode())
    leaf.verify_directly_issued_by(authority)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["m1.example.test", "localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    assert leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "m1"
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(hours=8760)
    issuer_key = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    subject_key = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert issuer_key == subject_key


def test_a_certificate_needs_no_common_name(tls: TlsEnd) -> None:
    inputs = tls.leaf_inputs()
    key = tls.create("PrivateKey", algorithm="ECDSA", ecdsaCurve="P256")
    request = tls.create(
        "CertRequest",
        privateKeyPem=key["privateKeyPem"],
        dnsNames=["m1.example.test"],
        subject={"organization": "m1"},
    )
    made = tls.create("LocallySignedCert", **{**inputs, "certRequestPem": request["certRequestPem"]})
    assert certificate(made).subject.rfc4514_string() == "O=m1"
    names = certificate(made).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert not names.critical
    assert names.value.get_values_for_type(x509.DNSName) == ["m1.example.test"]


@pytest.mark.filterwarnings("ignore:Attribute's length must be")
def test_a_common_name_may_be_longer_than_the_standard_allows(tls: TlsEnd) -> None:
    """So it is with Go's crypto/x509."""
    name = "c" * 60 + " CA 2"
    assert (
        certificate(tls.authority(subject={"commonName": name})[1]).subject.rfc4514_string() == f"CN={name}"
    )


def test_a_certificate_authority_may_sign_certificates(tls: TlsEnd) -> None:
    authority = certificate(tls.authority(maxPathLength=1)[1])
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value.ca
    assert constraints.value.path_length == 1
    uses = authority.extensions.get_extension_for_class(x509.KeyUsage).value
    assert uses.key_cert_sign
    assert uses.crl_sign
    assert not uses.digital_signature


def test_an_authority_signs_another_ones_certificate(tls: TlsEnd) -> None:
    older_key, older = tls.authority()
    newer_key, newer = tls.authority(subject={"commonName": "etcd CA 2"})
    request = tls.create(
        "CertRequest", privateKeyPem=newer_key["privateKeyPem"], subject={"commonName": "etcd CA 2"}
    )
    made = tls.create(
        "LocallySignedCert",
        caCertPem=older["certPem"],
        caPrivateKeyPem=older_key["privateKeyPem"],
        certRequestPem=request["certRequestPem"],
        allowedUses=["cert_signing", "crl_signing"],
        validityPeriodHours=87600,
        isCaCertificate=True,
    )
    crossed = certificate(made)
    crossed.verify_directly_issued_by(certificate(older))
    assert crossed.subject == certificate(newer).subject
    assert crossed.public_key() == certificate(newer).public_key()
    constraints = crossed.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, None)
    assert crossed.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    key_ids = [
        one.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        for one in (crossed, certificate(newer))
    ]
    assert key_ids[0] == key_ids[1]


def test_an_authority_without_a_subject_is_rejected(tls: TlsEnd) -> None:
    with pytest.raises(RefusedError, match="Must contain at least one Distinguished Name"):
        tls.authority(subject={})


def test_a_certificate_in_its_renewal_window_is_replaced(tls: TlsEnd) -> None:
    inputs = tls.leaf_inputs()
    leaf = tls.create("LocallySignedCert", **inputs)
    end = tls.end("LocallySignedCert")
    tls.clock.now += timedelta(hours=8760 - 721)
    assert end.call("Diff", id=leaf["id"], olds=leaf, news=inputs)["changes"] == "DIFF_NONE"
    tls.clock.now += timedelta(hours=1)
    due = end.call("Diff", id=leaf["id"], olds=leaf, news=inputs)
    assert due["replaces"] == ["readyForRenewal"]
    assert "deleteBeforeReplace" not in due


def test_a_refresh_shows_that_a_certificate_is_due(tls: TlsEnd) -> None:
    inputs = tls.leaf_inputs()
    leaf = tls.create("LocallySignedCert", **inputs)
    tls.clock.now += timedelta(hours=8760 - 720)
    read = tls.end("LocallySignedCert").call("Read", id=leaf["id"], properties=leaf, inputs=inputs)
    assert read["properties"]["readyForRenewal"] is True


def test_a_window_as_long_as_the_lifetime_makes_a_new_certificate_due(tls: TlsEnd) -> None:
    inputs = tls.leaf_inputs(validityPeriodHours=2, earlyRenewalHours=2)
    leaf = tls.create("LocallySignedCert", **inputs)
    assert leaf["readyForRenewal"] is True
    diff = tls.end("LocallySignedCert").call("Diff", id=leaf["id"], olds=leaf, news=inputs)
    assert diff["replaces"] == ["readyForRenewal"]


def test_another_authority_replaces_its_certificates(tls: TlsEnd) -> None:
    inputs = tls.leaf_inputs()
    leaf = tls.create("LocallySignedCert", **inputs)
    other = {**inputs, "caCertPem": tls.authority()[1]["certPem"]}
    assert tls.end("LocallySignedCert").call("Diff", olds=leaf, news=other)["replaces"] == ["caCertPem"]


def test_an_unknown_use_is_rejected_in_the_plan(tls: TlsEnd) -> None:
    inputs = tls.leaf_inputs(allowedUses=["server_authentication"])
    with pytest.raises(
        RefusedError, match=r'allowedUses has "server_authentication": use one of .*server_auth'
    ):
        tls.end("LocallySignedCert").call("Create", properties=inputs, preview=True)


def test_the_length_of_an_hour_can_be_shortened(tls: TlsEnd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALCLOUD_TLS_HOUR_SECONDS", "2")
    inputs = tls.leaf_inputs(validityPeriodHours=30, earlyRenewalHours=10)
    made = tls.create("LocallySignedCert", **inputs)
    leaf = certificate(made)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(minutes=1)
    end = tls.end("LocallySignedCert")
    tls.clock.now += timedelta(seconds=39)
    assert end.call("Diff", id=made["id"], olds=made, news=inputs)["changes"] == "DIFF_NONE"
    tls.clock.now += timedelta(seconds=1)
    assert end.call("Diff", id=made["id"], olds=made, news=inputs)["replaces"] == ["readyForRenewal"]


@pytest.mark.parametrize("text", ["0", "-1", "an hour"])
def test_an_hour_without_a_positive_length_is_rejected(
    tls: TlsEnd, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    inputs = tls.leaf_inputs()
    monkeypatch.setenv("LOCALCLOUD_TLS_HOUR_SECONDS", text)
    with pytest.raises(RefusedError, match=f"LOCALCLOUD_TLS_HOUR_SECONDS is {text}: set it to a positive"):
        tls.create("LocallySignedCert", **inputs)


@pytest.mark.parametrize("key", ["caCertPem", "caPrivateKeyPem", "certRequestPem"])
def test_the_error_for_malformed_pem_names_the_property(tls: TlsEnd, key: str) -> None:
    with pytest.raises(RefusedError, match=r"Failed to parse .* PEM"):
        tls.create("LocallySignedCert", **tls.leaf_inputs(**{key: "no PEM"}))
