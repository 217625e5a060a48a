"""Private keys and their encodings."""

from __future__ import annotations

import base64
import hashlib

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from localcloud.plugins.errors import ProviderError
from localcloud.plugins.values import Properties

PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey | RSAPrivateKey

_CURVES = {"P224": ec.SECP224R1, "P256": ec.SECP256R1, "P384": ec.SECP384R1, "P521": ec.SECP521R1}
_ALGORITHMS = ("RSA", "ECDSA", "ED25519")
_SIGNATURE_HASHES = {"secp384r1": hashes.SHA384, "secp521r1": hashes.SHA512}


def new_key(planned: Properties) -> tuple[str, Properties]:
    """Generate the planned key. Return its id, which is the SHA-1 digest of the public key, and its encodings."""
    key = _generate(planned["algorithm"], planned["ecdsaCurve"], planned["rsaBits"])
    public = key.public_key()
    line = (
        public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + "\n" if _ssh_knows(key) else ""
    )
    md5, sha256 = _fingerprints(line)
    encodings: Properties = {
        "privateKeyPem": _private_pem(key, _pem_format(key)),
        "privateKeyPemPkcs8": _private_pem(key, PrivateFormat.PKCS8),
        "privateKeyOpenssh": _private_pem(key, PrivateFormat.OpenSSH) if _ssh_knows(key) else "",
        "publicKeyPem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        "publicKeyOpenssh": line,
        "publicKeyFingerprintMd5": md5,
        "publicKeyFingerprintSha256": sha256,
    }
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha1(der, usedforsecurity=False).hexdigest(), encodings


def parse(pem: str, called: str) -> PrivateKey:
    """Parse a key in PEM; ``called`` is its name in errors."""
    load = load_ssh_private_key if "OPENSSH PRIVATE KEY" in pem else load_pem_private_key
    try:
        key = load(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ProviderError(f"Failed to parse {called} PEM: {error}") from error
    if not isinstance(key, PrivateKey):
        raise ProviderError(f"Failed to parse {called} PEM: use a key of {', '.join(_ALGORITHMS)}")
    return key


def algorithm_of(key: PrivateKey) -> str:
    """Return ``RSA``, ``ECDSA`` or ``ED25519``."""
    if isinstance(key, RSAPrivateKey):
        return "RSA"
    return "ECDSA" if isinstance(key, EllipticCurvePrivateKey) else "ED25519"


def signature_hash(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    """Return the hash with which Go's crypto/x509 signs."""
    if isinstance(key, Ed25519PrivateKey):
        return None
    curve = key.curve.name if isinstance(key, EllipticCurvePrivateKey) else ""
    return _SIGNATURE_HASHES.get(curve, hashes.SHA256)()


def _generate(algorithm: str, curve: str, rsa_bits: int) -> PrivateKey:
    if algorithm == "RSA":
        try:
            return generate_private_key(public_exponent=65537, key_size=rsa_bits)
        except ValueError as error:
            raise ProviderError(
                f"Unable to generate Key from configuration: rsaBits is {rsa_bits}: {error}"
            ) from error
    if algorithm == "ED25519":
        return Ed25519PrivateKey.generate()
    if algorithm != "ECDSA":
        raise ProviderError(
            f'Invalid Key Algorithm: Key Algorithm "{algorithm}" is not supported: use {", ".join(_ALGORITHMS)}'
        )
    if curve not in _CURVES:
        raise ProviderError(
            "Unable to generate Key from configuration: "
            f"invalid elliptic curve {curve}; supported values are: {', '.join(_CURVES)}"
        )
    return ec.generate_private_key(_CURVES[curve]())


def _pem_format(key: PrivateKey) -> PrivateFormat:
    """Return PKCS#1 for RSA, SEC 1 for ECDSA, PKCS#8 for Ed25519."""
    return PrivateFormat.PKCS8 if isinstance(key, Ed25519PrivateKey) else PrivateFormat.TraditionalOpenSSL


def _private_pem(key: PrivateKey, form: PrivateFormat) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def _ssh_knows(key: PrivateKey) -> bool:
    """Return whether OpenSSH supports the key. It does not support P224, whose encodings stay empty."""
    return not (isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP224R1))


def _fingerprints(openssh: str) -> tuple[str, str]:
    if not openssh:
        return "", ""
    blob = base64.b64decode(openssh.split()[1])
    md5 = hashlib.md5(blob, usedforsecurity=False).digest().hex(":")
    return md5, "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
