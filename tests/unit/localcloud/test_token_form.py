"""Tracked files contain nothing that a secret scanner takes for a DigitalOcean or Cloudflare token."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from localcloud import tokens

CHECKOUT = Path(__file__).parents[3]
# https://docs.github.com/en/code-security/reference/secret-security/supported-secret-scanning-patterns
LOOKALIKES = re.compile(
    r"""
    do[opr]_v1_[a-f0-9]{64}
    | \bcf(?:ut|at|k)_[a-z0-9]{40}
    | (?:cloudflare|api_?token)[\w\ :.-]{0,20}['"]{0,2}\s*[=:,>]+\s*['"]?[a-z0-9_-]{40}(?![a-z0-9_-])
    """,
    re.VERBOSE | re.IGNORECASE,
)


@pytest.mark.parametrize(
    "line",
    [
        "digitalocean:token: dop_v1_" + "0123abcd" * 8,
        "doo_v1_" + "0123abcd" * 8,
        "dor_v1_" + "0123abcd" * 8,
        "cloudflare:apiToken: " + "Aa1_" * 10,
        'CLOUDFLARE_TOKEN = "' + "Aa1-" * 10 + '"',
        '{"cloudflare:config:apiToken": "' + "0123456789" * 4 + '"}',
        'Cloudflare(api_token="' + "Aa1-" * 10 + '")',
        "cfut_" + "Aa1b" * 12,
    ],
)
def test_a_full_length_token_is_found(line: str) -> None:
    assert LOOKALIKES.search(line)


def test_no_tracked_file_has_a_token_that_looks_real() -> None:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, stdout=subprocess.PIPE, check=True)
    files = [CHECKOUT / name.decode() for name in listing.stdout.split(b"\0") if name]
    assert CHECKOUT / "Pulumi.local.yaml" in files
    found = {
        str(file.relative_to(CHECKOUT)): match[0]
        for file in files
        if file.is_file() and (match := LOOKALIKES.search(file.read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}


def test_the_cloudflare_token_has_a_length_that_the_provider_accepts() -> None:
    assert re.fullmatch(r"\w{41,80}", tokens.CLOUDFLARE_TOKEN)
