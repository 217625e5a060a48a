"""What etcd ends, and what it leaves open, when a client loses its user: docs/access.md says it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.toolchain.etcd import VERSIONS

from .authenticated_etcd import ROOT, AuthenticatedEtcd
from .lab import eventually

SHOP = ("readwrite", "--prefix=true", "/shop/")
LEASE_SECONDS = "5"
FULL = "--quota-backend-bytes=1000000"


@pytest.fixture(params=VERSIONS)
def etcd(request: pytest.FixtureRequest, tmp_path: Path, network: str) -> Iterator[AuthenticatedEtcd]:
    etcd = AuthenticatedEtcd(tmp_path, network, request.param, 1, FULL)
    etcd.enable()
    etcd.add_client("shop", SHOP)
    yield etcd
    etcd.stop()


@pytest.fixture
def background() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Commands that go on until the end of the test."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def follow(
    etcd: AuthenticatedEtcd, background: list[subprocess.Popen[bytes]], *arguments: str
) -> tuple[subprocess.Popen[bytes], Path]:
    """Run etcdctl as the client in the background. Returns it with the file of its output."""
    output = etcd.folder / f"output-{len(background)}"
    with output.open("wb") as file:
        process = subprocess.Popen(etcd.arguments("shop", *arguments), stdout=file, stderr=file)
    background.append(process)
    return process, output


def grant(etcd: AuthenticatedEtcd, name: str | None, seconds: str = LEASE_SECONDS) -> str:
    """The id of a new lease of a client."""
    return etcd.etcdctl(name, "lease", "grant", seconds).stdout.split()[1]


def test_a_removed_client_reads_and_writes_nothing(etcd: AuthenticatedEtcd) -> None:
    assert etcd.etcdctl("shop", "put", "/shop/a", "x").returncode == 0
    assert "permission denied" in etcd.etcdctl("shop", "put", "/other/a", "x").stderr
    etcd.remove_client("shop")
    for request in (
        ("put", "/shop/a", "x"),
        ("get", "/shop/a"),
        ("del", "/shop/a"),
        ("watch", "/shop/a"),
    ):
        assert "permission denied" in etcd.etcdctl("shop", *request).stderr
    for request in (("compact", "1"), ("member", "add", "x", "--peer-urls=https://127.0.0.1:1"), ("defrag",)):
        assert re.search("user( name)? not found", etcd.etcdctl("shop", *request).stderr)


def test_an_open_watch_of_a_removed_client_ends_with_its_connection(
    etcd: AuthenticatedEtcd, background: list[subprocess.Popen[bytes]]
) -> None:
    watch, seen = follow(etcd, background, "watch", "--prefix", "/shop/")
    eventually(
        "it watches", lambda: (etcd.manage("put", "/shop/a", "before"), "before" in seen.read_text())[1]
    )
    etcd.remove_client("shop")
    etcd.manage("put", "/shop/a", "after")
    eventually("the open watch shows it", lambda: "after" in seen.read_text())
    (address,) = etcd.addresses
    etcd.processes[address].kill()
    etcd.processes[address].wait()
    etcd.start(address)
    eventually("the watch has ended", lambda: watch.poll() is not None)
    assert "permission denied" in seen.read_text()


def test_a_removed_client_cannot_keep_a_lease_with_keys(
    etcd: AuthenticatedEtcd, background: list[subprocess.Popen[bytes]]
) -> None:
    lease = grant(etcd, "shop")
    assert etcd.etcdctl("shop", "put", "/shop/leased", "x", f"--lease={lease}").returncode == 0
    renewal, _ = follow(etcd, background, "lease", "keep-alive", lease)
    etcd.remove_client("shop")
    eventually("the key has ended with its lease", lambda: not etcd.manage("get", "/shop/leased"))
    eventually("the renewal has ended", lambda: renewal.poll() is not None)


def test_any_certificate_lists_members_and_uses_leases_without_keys(etcd: AuthenticatedEtcd) -> None:
    etcd.remove_client("shop")
    for name in ("shop", "nobody", None):
        assert "started" in etcd.etcdctl(name, "member", "list").stdout
        assert etcd.etcdctl(name, "endpoint", "status").returncode == 0
        assert etcd.etcdctl(name, "alarm", "list").returncode == 0
        lease = grant(etcd, ROOT, "60")
        assert lease in etcd.etcdctl(name, "lease", "list").stdout
        assert etcd.etcdctl(name, "lease", "revoke", lease).returncode == 0


def test_a_client_fills_the_database_and_in_3_5_then_does_everything(etcd: AuthenticatedEtcd) -> None:
    """https://github.com/etcd-io/etcd/pull/22386: with an alarm, 3.5 checks no permission of some requests."""
    etcd.manage("put", "/other/a", "x")
    eventually(
        "the database is full",
        lambda: any(
            "space exceeded" in etcd.etcdctl("shop", "put", f"/shop/{number}", "v" * 60_000).stderr
            for number in range(20)
        ),
    )
    assert "permission denied" in etcd.etcdctl("shop", "get", "/other/a").stderr
    deleted, disabled = etcd.etcdctl("shop", "del", "/other/a"), etcd.etcdctl("shop", "auth", "disable")
    if etcd.version.startswith("3.5."):
        assert (deleted.returncode, disabled.returncode) == (0, 0)
    else:
        assert "permission denied" in deleted.stderr
        assert "permission denied" in disabled.stderr


def test_authentication_by_hand_is_switched_off_with_a_password(tmp_path: Path, network: str) -> None:
    etcd = AuthenticatedEtcd(tmp_path, network)
    try:
        etcd.manage("user", "add", "root:secret")
        etcd.manage("user", "grant-role", "root", "root")
        etcd.manage("auth", "enable")
        assert "user name not found" in etcd.etcdctl("etcd-operator", "auth", "disable").stderr
        assert etcd.etcdctl("etcd-operator", "--user=root:secret", "auth", "disable").returncode == 0
        assert etcd.etcdctl("etcd-operator", "get", "a").returncode == 0
    finally:
        etcd.stop()
