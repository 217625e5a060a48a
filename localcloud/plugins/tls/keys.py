"""Private keys and their encodings."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from localcloud.plugins.errors import ProviderError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey | RSAPrivateKey

# The engine starts this plugin in every run, and most runs make no key: cryptography is imported where it is used.
_CURVES = {"P224": "SECP224R1", "P256": "SECP256R1", "P384": "SECP384R1", "P521": "SECP521R1"}
ALGORITHMS = ("RSA", "ECDSA", "ED25519")


def generate(algorithm: str, curve: str, rsa_bits: int) -> PrivateKey:
    """A new key."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if algorithm == "RSA":
        return rsa.generate_private_key(public_exponent=65537, key_size=rsa_bits)
    if algorithm == "ED25519":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm != "ECDSA":
        raise ProviderError(
            f"Invalid Key Algorithm: Key Algorithm {algorithm!r} is not supported: use {', '.join(ALGORITHMS)}"
        )
    if curve not in _CURVES:
        raise ProviderError(
            "Unable to generate Key from configuration: "
            f"invalid elliptic curve; supported values are: {', '.join(_CURVES)}"
        )
    return ec.generate_private_key(getattr(ec, _CURVES[curve])())


def parse(pem: str, called: str) -> PrivateKey:
    """The key of a PEM text; ``called`` names it in errors."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

    try:
        load = load_ssh_private_key if "OPENSSH PRIVATE KEY" in pem else load_pem_private_key
        key = load(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ProviderError(f"Failed to parse {called} PEM: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey):
        raise ProviderError(f"Failed to parse {called} PEM: use a key of {', '.join(ALGORITHMS)}")
    return key


def algorithm_of(key: PrivateKey) -> str:
    """``RSA``, ``ECDSA`` or ``ED25519``."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if isinstance(key, rsa.RSAPrivateKey):
        return "RSA"
    return "ECDSA" if isinstance(key, ec.EllipticCurvePrivateKey) else "ED25519"


def private_pem(key: PrivateKey) -> str:
    """PKCS#1 for RSA, SEC 1 for ECDSA, PKCS#8 for Ed25519."""
    from cryptography.hazmat.primitives.serialization import PrivateFormat

    plain = algorithm_of(key) == "ED25519"
    return _private(key, PrivateFormat.PKCS8 if plain else PrivateFormat.TraditionalOpenSSL)


def private_pkcs8(key: PrivateKey) -> str:
    """PKCS#8 for every algorithm."""
    from cryptography.hazmat.primitives.serialization import PrivateFormat

    return _private(key, PrivateFormat.PKCS8)


def private_openssh(key: PrivateKey) -> str:
    """OpenSSH's own format; empty for P224, which it does not know."""
    from cryptography.hazmat.primitives.serialization import PrivateFormat

    return _private(key, PrivateFormat.OpenSSH) if _known_to_ssh(key) else ""


def public_der(key: PrivateKey) -> bytes:
    """SubjectPublicKeyInfo."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def public_pem(key: PrivateKey) -> str:
    """SubjectPublicKeyInfo."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def public_openssh(key: PrivateKey) -> str:
    """One line of ``authorized_keys``, with its line end; empty for P224."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if not _known_to_ssh(key):
        return ""
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + "\n"


def fingerprints(openssh: str) -> tuple[str, str]:
    """MD5 and SHA-256 fingerprints of a line of ``authorized_keys``; empty for an empty one."""
    if not openssh:
        return "", ""
    blob = base64.b64decode(openssh.split()[1])
    md5 = hashlib.md5(blob, usedforsecurity=False).digest().hex(":")
    return md5, "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def signature_hash(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    """The hash that Go's crypto/x509 signs with."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    bits = key.curve.key_size if isinstance(key, ec.EllipticCurvePrivateKey) else 256
    return {384: hashes.SHA384(), 521: hashes.SHA512()}.get(bits) or hashes.SHA256()


def _known_to_ssh(key: PrivateKey) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec

    return not (isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP224R1))


def _private(key: PrivateKey, form: object) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption

    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()  # type: ignore[arg-type]
