"""What cloud-init and systemd say about the files, in the very image that machines are made of."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from components.userdata.node_config import MemberCertificates, NodeConfig, NodeSettings
from components.userdata.render import SOURCES, archive_files, render_user_data
from components.userdata.stripping import stripped
from localcloud.toolchain.image import ensure_image

PEM = "-----BEGIN X-----\nQUJD\n-----END X-----\n"


@pytest.fixture(scope="module")
def document() -> str:
    return render_user_data(
        NodeConfig(
            settings=NodeSettings(
                name="etcd-server-1.example.test",
                token="token",
                initial_members=("etcd-server-1.example.test",),
                tag="etcd-etcd-test",
                addresses="public",
                api_url="https://api.test",
                version="3.6.14",
                release_url="https://release.test/etcd.tar.gz",
                release_sha256="0" * 64,
                volume="",
                heartbeat_ms=100,
                election_ms=1000,
                quota_bytes=1 << 31,
                compaction_mode="periodic",
                compaction_retention="8h",
            ),
            api_token="secret",
            certificates=MemberCertificates(
                ca_certificate=PEM,
                server_certificate=PEM,
                server_key=PEM,
                peer_ca_certificate=PEM,
                peer_certificate=PEM,
                peer_key=PEM,
            ),
        )
    )


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Path]:
    """A root tree of Debian 13 that may be written to."""
    image, root = ensure_image(), tmp_path / "root"
    for folder in ("root", "upper", "work"):
        (tmp_path / folder).mkdir()
    layers = f"lowerdir={image},upperdir={tmp_path / 'upper'},workdir={tmp_path / 'work'}"
    subprocess.run(["mount", "-t", "overlay", "-o", layers, "overlay", root], check=True)
    yield root
    subprocess.run(["umount", root], check=True)


def inside(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["chroot", root, *command], capture_output=True, text=True, check=False)


def test_cloud_init_accepts_the_document(machine: Path, document: str) -> None:
    (machine / "tmp/user-data").write_text(document)
    done = inside(machine, "cloud-init", "schema", "--config-file", "/tmp/user-data")  # noqa: S108
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Valid schema" in done.stdout


@pytest.fixture
def unpacked(machine: Path, document: str) -> Path:
    """A machine on which the archive is unpacked, as at the first boot."""
    written = {entry["path"]: entry for entry in yaml.safe_load(document)["write_files"]}
    (machine / "etc/etcd").mkdir()
    for path, entry in written.items():
        (machine / path.lstrip("/")).write_text(entry["content"])
    inside(machine, "systemd-sysusers", "--inline", 'u etcd - "etcd" /var/lib/etcd /usr/sbin/nologin')
    for _ in range(2):
        done = inside(machine, "python3", "-ES", "-W", "error", "/etc/etcd/unpack.py")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return machine


def test_systemd_accepts_the_unpacked_units(unpacked: Path) -> None:
    etcd = unpacked / "usr/local/bin/etcd"
    etcd.write_text("#!/bin/sh\n")
    etcd.chmod(0o755)
    agent = unpacked / "etc/systemd/system/do-agent.service"
    agent.write_text("[Service]\nExecStart=/bin/true\n")
    units = sorted(unit.name for unit in (SOURCES / "units").iterdir())
    verify = ("systemd-analyze", "verify", "--man=no", "--recursive-errors=yes")
    done = inside(unpacked, *verify, *units, "do-agent.service")
    ours = [line for line in done.stderr.splitlines() if re.search("etcd|preparecluster|do-agent", line)]
    assert ours == []


def test_the_packed_modules_run_on_the_python_of_the_image(unpacked: Path) -> None:
    """With its standard library alone: none of the packages that are installed here."""
    command = ["env", "PYTHONPATH=/etc/etcd", "python3", "-SP", "-W", "error"]
    modules = [path.removeprefix("etc/etcd/") for path in archive_files() if path.endswith(".py")]
    names = [
        path for path in modules if not path.endswith(("__init__.py", "__main__.py", "prepare_cluster.py"))
    ]
    assert names
    for name in sorted(names):
        done = inside(unpacked, *command, "-c", f"import {name.removesuffix('.py').replace('/', '.')}")
        assert done.returncode == 0, done.stderr


def test_the_first_boot_unpacks_the_scripts_and_can_run_them(unpacked: Path) -> None:
    done = inside(unpacked, "python3", "-ES", "-W", "error", "/etc/etcd/prepare_cluster.py", "--help")
    assert done.returncode == 0, done.stderr
    assert "preparecluster" in done.stdout
    for path, file in archive_files().items():
        assert (unpacked / path).read_text() == stripped(path, file.read_text())
    assert os.access(unpacked / "etc/etcd/first-boot", os.X_OK)
    assert not [
        file for folder in ("etcd", "systemd") for file in (unpacked / "etc" / folder).rglob(".*.new")
    ]
