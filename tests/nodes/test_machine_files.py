"""What cloud-init and systemd say about the files, in the very image that machines are made of."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from components.userdata.node_config import MemberCertificates, NodeConfig, NodeSettings
from components.userdata.render import SOURCES, node_modules, render_user_data
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
                ca_certificate=PEM, server_certificate=PEM, server_key=PEM, peer_certificate=PEM, peer_key=PEM
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


def test_systemd_accepts_the_units(machine: Path) -> None:
    for unit in (SOURCES / "units").iterdir():
        shutil.copy(unit, machine / "etc/systemd/system")
    etcd = machine / "usr/local/bin/etcd"
    etcd.write_text("#!/bin/sh\n")
    etcd.chmod(0o755)
    units = sorted(unit.name for unit in (SOURCES / "units").iterdir())
    done = inside(machine, "systemd-analyze", "verify", "--man=no", "--recursive-errors=yes", *units)
    ours = [line for line in done.stderr.splitlines() if "etcd" in line or "preparecluster" in line]
    assert ours == []


def test_the_scripts_run_on_the_images_python(machine: Path, document: str) -> None:
    """With its standard library alone: none of the packages that are installed here."""
    modules = node_modules(SOURCES / "etcd_node")
    for name, source in modules.items():
        target = machine / "etc/etcd" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    command = ["env", "PYTHONPATH=/etc/etcd", "python3", "-SP", "-W", "error"]
    for name in sorted(name for name in modules if not name.endswith(("__init__.py", "__main__.py"))):
        done = inside(machine, *command, "-c", f"import {name.removesuffix('.py').replace('/', '.')}")
        assert done.returncode == 0, done.stderr


def test_the_packed_scripts_run_at_the_first_boot(machine: Path, document: str) -> None:
    written = {entry["path"]: entry for entry in yaml.safe_load(document)["write_files"]}
    etc = machine / "etc/etcd"
    etc.mkdir()
    (etc / "etcd_node.json.bz2.b85").write_text(written["/etc/etcd/etcd_node.json.bz2.b85"]["content"])
    (etc / "prepare_cluster.py").write_text(written["/etc/etcd/prepare_cluster.py"]["content"])
    for _ in range(2):
        done = inside(machine, "python3", "-ES", "-W", "error", "/etc/etcd/prepare_cluster.py", "--help")
        assert done.returncode == 0, done.stderr
        assert "preparecluster" in done.stdout
    unpacked = {path.relative_to(etc).as_posix() for path in etc.rglob("*/*.py")}
    assert unpacked == node_modules(SOURCES / "etcd_node").keys()
    assert not list(etc.glob(".etcd_node*"))
