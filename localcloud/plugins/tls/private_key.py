"""``tls.PrivateKey``."""

from __future__ import annotations

import hashlib

from localcloud.plugins.schema import Field
from localcloud.plugins.tls import keys
from localcloud.plugins.tls.offline import OfflineResource
from localcloud.plugins.values import Properties


class PrivateKey(OfflineResource):
    """A key pair. Every change makes another one."""

    type = "tls:index/privateKey:PrivateKey"
    fields = {
        "algorithm": Field(required=True, replace=True),
        "ecdsaCurve": Field(optional=True, default="P224", replace=True),
        "rsaBits": Field(optional=True, default=2048, replace=True),
        "privateKeyOpenssh": Field(computed=True, renewed=True, secret=True),
        "privateKeyPem": Field(computed=True, renewed=True, secret=True),
        "privateKeyPemPkcs8": Field(computed=True, renewed=True, secret=True),
        "publicKeyFingerprintMd5": Field(computed=True, renewed=True),
        "publicKeyFingerprintSha256": Field(computed=True, renewed=True),
        "publicKeyOpenssh": Field(computed=True, renewed=True),
        "publicKeyPem": Field(computed=True, renewed=True),
    }

    def create(self, client: None, inputs: Properties, planned: Properties) -> str:
        """Generate the key; its id is the SHA-1 digest of the public half."""
        key = keys.generate(planned["algorithm"], planned["ecdsaCurve"], planned["rsaBits"])
        line = keys.public_openssh(key)
        md5, sha256 = keys.fingerprints(line)
        planned |= {
            "privateKeyPem": keys.private_pem(key),
            "privateKeyPemPkcs8": keys.private_pkcs8(key),
            "privateKeyOpenssh": keys.private_openssh(key),
            "publicKeyPem": keys.public_pem(key),
            "publicKeyOpenssh": line,
            "publicKeyFingerprintMd5": md5,
            "publicKeyFingerprintSha256": sha256,
        }
        return hashlib.sha1(keys.public_der(key), usedforsecurity=False).hexdigest()
