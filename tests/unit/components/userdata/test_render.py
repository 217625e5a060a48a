"""The cloud-init document of a droplet."""

from __future__ import annotations

import ast
import base64
import bz2
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from etcd_node.backup.settings import read_backup_settings
from etcd_node.host.settings import read_settings

from components.config.backup_settings import BackupTarget
from components.userdata import render as user_data
from components.userdata.node_config import MemberCertificates, NodeConfig, NodeSettings
from components.userdata.packing import pack, without_comments
from components.userdata.render import LIMIT, TooLargeError, node_modules, render_user_data

PEM = "-----BEGIN {0}-----\n" + "QUJDREVGR0g=\n" * 40 + "-----END {0}-----\n"

NODE = NodeConfig(
    settings=NodeSettings(
        name="etcd-server-1.example.test",
        token="cluster-token-1",
        initial_members=tuple(f"etcd-server-{number}.example.test" for number in (1, 2, 3)),
        tag="etcd-etcd-test",
        addresses="public",
        api_url="https://api.test",
        version="3.6.14",
        release_url="https://release.test/etcd-v3.6.14-linux-amd64.tar.gz",
        release_sha256="0" * 64,
        volume="etcd-etcd-test-1",
        heartbeat_ms=100,
        election_ms=1000,
        quota_bytes=2147483648,
        compaction_mode="periodic",
        compaction_retention="8h",
    ),
    api_token="dop_v1_secret",
    certificates=MemberCertificates(
        ca_certificate=PEM.format("CA CERTIFICATE"),
        server_certificate=PEM.format("SERVER CERTIFICATE"),
        server_key=PEM.format("SERVER KEY"),
        peer_certificate=PEM.format("PEER CERTIFICATE"),
        peer_key=PEM.format("PEER KEY"),
    ),
)


def files(node: NodeConfig = NODE) -> dict[str, dict[str, Any]]:
    document = yaml.safe_load(render_user_data(node))
    return {entry["path"]: entry for entry in document["write_files"]}


def test_it_is_a_cloud_config_that_fits_with_room_to_spare() -> None:
    text = render_user_data(NODE)
    assert text.startswith("#cloud-config\n")
    # The rest is for longer names, and for certificates with more in them.
    assert len(text.encode()) < LIMIT * 19 / 20


def test_equal_settings_give_an_equal_text() -> None:
    assert render_user_data(NODE) == render_user_data(replace(NODE))


def test_units_and_scripts_stand_in_it_as_plain_text_without_their_comments() -> None:
    written = files()
    for unit in (user_data.SOURCES / "units").iterdir():
        told = [line for line in unit.read_text().splitlines() if not line.startswith("#")]
        assert written[f"/etc/systemd/system/{unit.name}"]["content"].splitlines() == told
    script, *told = (user_data.SOURCES / "first-boot").read_text().splitlines()
    assert script == "#!/bin/sh"
    assert written["/etc/etcd/first-boot"]["content"].splitlines() == [
        script,
        *(line for line in told if not line.startswith("#")),
    ]


def different(value: Any) -> Any:
    """Another value of the same type."""
    match value:
        case int():
            return value + 1
        case str():
            return f"other {value}"
        case _:
            return (*value, "other")


def test_all_that_varies_stands_in_one_file_the_token_and_the_certificates() -> None:
    other = NodeConfig(
        settings=NodeSettings(**{name: different(value) for name, value in vars(NODE.settings).items()}),
        api_token=different(NODE.api_token),
        certificates=MemberCertificates(
            **{name: different(value) for name, value in vars(NODE.certificates).items()}
        ),
    )
    before, after = files(), files(other)
    assert {path for path in before if before[path] != after[path]} == {
        "/etc/etcd/prepare_cluster.json",
        "/etc/etcd/prepare_cluster.token",
        *(f"/etc/etcd/{name}.pem" for name in ("ca", "server", "server-key", "peer", "peer-key")),
    }


BACKUP = BackupTarget(
    endpoint="https://fra1.digitaloceanspaces.com",
    bucket="backups",
    region="fra1",
    prefix="etcd-etcd-test/",
    interval=3600,
    retention=0,
    access_key="access",
    secret_key="secret-key",
    ca_certificate=PEM.format("CERTIFICATE"),
)


def test_the_keys_of_backups_are_roots_alone_and_nowhere_else() -> None:
    node = replace(NODE, backup=BACKUP)
    entry = files(node)["/etc/etcd/backup.json"]
    assert entry["permissions"] == "0600"
    assert "owner" not in entry
    assert render_user_data(node).count(BACKUP.secret_key) == 1
    assert BACKUP.secret_key not in repr(node)


def test_without_backups_nothing_is_told_of_them() -> None:
    assert "/etc/etcd/backup.json" not in files()


def test_the_backup_settings_are_those_that_the_members_read(tmp_path: Path) -> None:
    path = tmp_path / "backup.json"
    path.write_text(files(replace(NODE, backup=BACKUP))["/etc/etcd/backup.json"]["content"])
    told = read_backup_settings(path)
    assert told is not None
    assert (told.place.endpoint, told.place.bucket, told.place.region) == (
        BACKUP.endpoint,
        BACKUP.bucket,
        BACKUP.region,
    )
    assert (told.place.keys.access, told.place.keys.secret) == (BACKUP.access_key, BACKUP.secret_key)
    assert told.place.ca_certificate == BACKUP.ca_certificate
    assert (told.prefix, told.interval, told.retention) == (BACKUP.prefix, BACKUP.interval, BACKUP.retention)


@pytest.mark.parametrize("name", ["server-key.pem", "peer-key.pem"])
def test_keys_are_etcds_alone(name: str) -> None:
    entry = files()[f"/etc/etcd/{name}"]
    assert (entry["owner"], entry["permissions"]) == ("etcd:etcd", "0400")


def test_the_discovery_token_is_roots_alone_and_nowhere_else() -> None:
    entry = files()["/etc/etcd/prepare_cluster.token"]
    assert entry["permissions"] == "0600"
    assert "owner" not in entry
    assert render_user_data(NODE).count(NODE.api_token) == 1


def test_secrets_do_not_show_when_the_settings_are_printed() -> None:
    shown = repr(NODE)
    assert NODE.api_token not in shown
    assert "SERVER KEY" not in shown
    assert "PEER KEY" not in shown


def test_only_what_anybody_may_read_has_the_permissions_that_cloud_init_gives() -> None:
    written = files(replace(NODE, backup=BACKUP))
    secret = {path for path, entry in written.items() if entry.get("permissions") in {"0400", "0600"}}
    assert secret == {
        "/etc/etcd/prepare_cluster.token",
        "/etc/etcd/backup.json",
        "/etc/etcd/server-key.pem",
        "/etc/etcd/peer-key.pem",
    }
    assert "permissions" not in written["/etc/systemd/system/etcd.service"]


def test_the_settings_are_those_that_discovery_reads(tmp_path: Path) -> None:
    path = tmp_path / "prepare_cluster.json"
    path.write_text(files()["/etc/etcd/prepare_cluster.json"]["content"])
    settings = read_settings(path)
    assert settings.initial_members == NODE.settings.initial_members
    assert {name: getattr(settings, name) for name in vars(NODE.settings)} == vars(NODE.settings)
    assert list(json.loads(path.read_text())) == list(vars(NODE.settings))
    assert (settings.listen, settings.metrics) == ("0.0.0.0", "127.0.0.1:2381")  # noqa: S104


def test_the_packed_scripts_are_those_in_the_repository_without_comments() -> None:
    entry = files()["/etc/etcd/etcd_node.json.bz2.b85"]
    packed = json.loads(bz2.decompress(base64.b85decode(entry["content"])))
    own = user_data.SOURCES.glob("etcd_node/**/*.py")
    shared = [user_data.ROOT / "components/__init__.py", *user_data.ROOT.glob("components/shared/**/*.py")]
    assert packed == {
        **{
            file.relative_to(user_data.SOURCES).as_posix(): without_comments(file.read_text()) for file in own
        },
        **{
            file.relative_to(user_data.ROOT).as_posix(): without_comments(file.read_text()) for file in shared
        },
    }


def statements(source: str) -> list[str]:
    """All statements with their lines, but for texts that stand alone, and what takes an empty body's place."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(ast.Constant(str())) | ast.Pass():
                continue
            case ast.stmt():
                own = [
                    ast.unparse(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)
                ]
                found.append(f"{node.lineno}:{node.col_offset} {type(node).__name__} {own}")
            case _:
                pass
    return found


MODULES = node_modules(user_data.SOURCES / "etcd_node")


@pytest.mark.parametrize("name", sorted(MODULES))
def test_what_is_left_out_changes_no_statement_and_no_line_number(name: str) -> None:
    source = MODULES[name].read_text()
    bare = without_comments(source)
    assert statements(bare) == statements(source)
    assert len(bare) < len(source) or "#" not in source


def test_a_hash_sign_in_a_text_is_no_comment_and_an_empty_body_passes() -> None:
    source = 'class A:\n    """Doc."""\n\n\nvalue = "# kept"  # gone\n# gone\n'
    assert without_comments(source) == 'class A:\n    pass\n\n\nvalue = "# kept"\n\n'


def modules_in(folder: Path) -> dict[str, Path]:
    return {file.name: file for file in folder.glob("*.py")}


def test_packing_gives_the_same_bytes_on_every_machine(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "b.py").write_text("b = 2\n")
    (folder / "a.py").write_text("a = 1\n")
    packed = pack(modules_in(folder), folder)
    assert (
        hashlib.sha256(packed).hexdigest()
        == "11b5ec113f50d116811336eeccae9829445e5298e6ce16af773c9496eddb3ac1"
    )
    assert bz2.decompress(packed) == b'{"a.py": "a = 1\\n", "b.py": "b = 2\\n"}'


def test_a_package_is_packed_anew_when_a_module_changes_and_else_taken_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "a.py").write_text("a = 1\n")
    first = pack(modules_in(folder), folder)
    (kept,) = (folder / "__pycache__").iterdir()
    assert kept.read_bytes() == first == pack(modules_in(folder), folder)
    (folder / "a.py").write_text("a = 2\n")
    second = pack(modules_in(folder), folder)
    assert b"a = 2" in bz2.decompress(second)
    assert [file.read_bytes() for file in (folder / "__pycache__").iterdir()] == [second]
    (folder / "a.py").write_text("a = 1\n")
    assert pack(modules_in(folder), folder) == first


def test_too_large_a_document_names_its_size_and_the_limit() -> None:
    with pytest.raises(
        TooLargeError, match=rf"etcd-server-1\.example\.test has \d+ bytes, .* at most {LIMIT}"
    ):
        render_user_data(
            replace(NODE, certificates=replace(NODE.certificates, ca_certificate=PEM.format("X") * 100))
        )
