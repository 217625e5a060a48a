"""Requests are signed as AWS's documentation signs its own examples.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from components.shared.aws_sigv4 import EMPTY_SHA256, AccessKey, SignableRequest, signed_headers

KEY = AccessKey("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
HOST = "examplebucket.s3.amazonaws.com"
NOW = datetime(2013, 5, 24, tzinfo=UTC)
WELCOME = hashlib.sha256(b"Welcome to Amazon S3.").hexdigest()


@pytest.mark.parametrize(("signed", "signature"), [
    (SignableRequest("GET", HOST, "/test.txt", {}, {"Range": "bytes=0-9"}, EMPTY_SHA256),
     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
    (SignableRequest("PUT", HOST, "/test$file.text", {},
          {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"}, WELCOME),
     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
    (SignableRequest("GET", HOST, "/", {"lifecycle": ""}, {}, EMPTY_SHA256),
     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
    (SignableRequest("GET", HOST, "/", {"prefix": "J", "max-keys": "2"}, {}, EMPTY_SHA256),
     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
])  # fmt: skip
def test_the_published_examples_get_the_published_signatures(signed: SignableRequest, signature: str) -> None:
    headers = signed_headers(signed, KEY, "us-east-1", NOW)
    assert headers["authorization"].endswith(f"Signature={signature}")


def test_the_secret_is_not_shown() -> None:
    assert KEY.secret not in repr(KEY)
