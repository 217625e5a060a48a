"""The text that ends ``make up``."""

from __future__ import annotations

from localcloud.cli.connection import connection_text
from localcloud.cli.proof import NotWritten, Proof, Written

ENDPOINTS = tuple(f"https://etcd-server-{number}.example.test:2379" for number in (1, 2, 3))
FOLDER = "/run/localcloud/a-name-of-forty-characters-the-longest-1/etcdctl/etcd/local"
FILES = tuple(f"{FOLDER}/{name}.pem" for name in ("caCertificate", "clientCertificate", "clientKey"))
TEXT = connection_text(Proof(ENDPOINTS, FILES, Written(ENDPOINTS[0], ENDPOINTS[-1], "0123456789abcdef")))


def test_the_endpoints_and_the_certificates_are_named() -> None:
    assert TEXT.count("\n  https://") == len(ENDPOINTS)
    for endpoint in ENDPOINTS:
        assert f"\n  {endpoint}\n" in TEXT
    assert f"\n  {FOLDER}/\n  caCertificate.pem  clientCertificate.pem  clientKey.pem\n" in TEXT


def test_the_test_key_and_both_members_are_named() -> None:
    assert TEXT.startswith(
        f"Test key 0123456789abcdef:\n  written through  {ENDPOINTS[0]}\n  read through     {ENDPOINTS[-1]}\n"
    )


def test_it_ends_with_commands_and_fits_80_columns() -> None:
    assert "\n  make etcdctl ARGS=" in TEXT
    assert "\n  make console " in TEXT
    assert "\n  make shell " in TEXT
    assert max(map(len, TEXT.splitlines())) <= 80


def test_a_key_that_the_client_may_not_use_is_not_named_as_written() -> None:
    text = connection_text(Proof(ENDPOINTS, FILES, NotWritten(("app may not.", "Add one."))))
    assert text.startswith("No test key was written:\n  app may not.\n  Add one.\n\nEndpoints ")
    assert "read through" not in text
