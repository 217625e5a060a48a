"""How the operator's machine reaches the bucket."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace

import pytest

from components.backups.operator_bucket import OperatorBucket
from components.backups.restore_check import WRONG_SETTINGS
from components.config.backup_settings import BackupTarget
from components.shared.s3 import S3Error

TARGET = BackupTarget(
    "https://s3.test:8443", "backups", "fra1", "etcd/", 3600, 0, "id", "secret", "", upload_headers={}
)


def test_a_bucket_is_reached_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            connection, _ = listening.accept()
            with connection:
                requests.append(connection.recv(4096))
                connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

        proxy = threading.Thread(target=refuse)
        proxy.start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:p%40ss@127.0.0.1:{listening.getsockname()[1]}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with pytest.raises(S3Error, match="407"):
            OperatorBucket(TARGET, seconds=5).list("etcd/")
        proxy.join()
    assert requests[0].startswith(b"CONNECT s3.test:8443 HTTP/1.")
    assert b"Proxy-Authorization: Basic bWU6cEBzcw==" in requests[0]


def test_a_proxy_of_another_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(S3Error, match="its proxy is a socks5 proxy, and only http works here"):
        OperatorBucket(TARGET).size("etcd/name")


def test_a_proxy_that_cannot_be_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:port")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(S3Error, match=r"^HTTPS_PROXY .* is not the URL of a proxy"):
        OperatorBucket(TARGET).size("etcd/name")


def test_an_authority_that_is_no_certificate_is_named() -> None:
    broken = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"
    with pytest.raises(S3Error, match=r"the authority of https://s3\.test:8443 is no certificate") as raised:
        OperatorBucket(replace(TARGET, ca_certificate=broken)).size("etcd/name")
    assert raised.value.code in WRONG_SETTINGS
