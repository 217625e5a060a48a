"""The cloud-init document of a droplet."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from etcd_node.backup.settings import read_backup_settings
from etcd_node.host.settings import read_settings

from components.config.backup_settings import BackupTarget
from components.userdata.filler import random_text
from components.userdata.node_config import MemberCertificates, NodeConfig, NodeSettings
from components.userdata.render import LIMIT, PACKAGE, SOURCES, TooLargeError, archive_files, render_user_data
from components.userdata.stripping import strip_comment_lines, strip_module

from .unpacking import Unpacked, unpacked_document

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
        peer_ca_certificate=PEM.format("PEER CA CERTIFICATE"),
        peer_certificate=PEM.format("PEER CERTIFICATE"),
        peer_key=PEM.format("PEER KEY"),
    ),
)


def files(node: NodeConfig = NODE) -> dict[str, Unpacked]:
    return unpacked_document(render_user_data(node))


def test_it_is_a_cloud_config_that_fits_with_room_to_spare() -> None:
    text = render_user_data(NODE)
    assert text.startswith("#cloud-config\n")
    # The rest is for longer names, and for certificates with more in them.
    assert len(text.encode()) < LIMIT * 19 / 20


def test_equal_settings_give_an_equal_text() -> None:
    assert render_user_data(NODE) == render_user_data(replace(NODE))


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
    assert {path for path in after if before.get(path) != after[path]} == {
        "etc/etcd/prepare_cluster.json",
        "etc/etcd/prepare_cluster.token",
        *(
            f"etc/etcd/{name}.pem"
            for name in (
                "ca",
                "server",
                "server-key",
                "peer-ca",
                "peer",
                "peer-key",
                "management",
                "management-key",
            )
        ),
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
    written = files(node)
    assert (written["etc/etcd/backup.json"].permissions, written["etc/etcd/backup.json"].owner) == (
        0o600,
        "root",
    )
    assert [path for path, file in written.items() if BACKUP.secret_key in file.text] == [
        "etc/etcd/backup.json"
    ]
    assert BACKUP.secret_key not in repr(node)


def test_without_backups_nothing_is_told_of_them() -> None:
    assert "etc/etcd/backup.json" not in files()


def test_the_backup_settings_are_those_that_the_members_read(tmp_path: Path) -> None:
    path = tmp_path / "backup.json"
    path.write_text(files(replace(NODE, backup=BACKUP))["etc/etcd/backup.json"].text)
    told = read_backup_settings(path)
    assert told is not None
    assert (told.access.endpoint, told.access.bucket, told.access.region) == (
        BACKUP.endpoint,
        BACKUP.bucket,
        BACKUP.region,
    )
    assert (told.access.key.id, told.access.key.secret) == (BACKUP.access_key, BACKUP.secret_key)
    assert told.access.ca_certificate == BACKUP.ca_certificate
    assert (told.prefix, told.interval, told.retention) == (BACKUP.prefix, BACKUP.interval, BACKUP.retention)


@pytest.mark.parametrize("name", ["server-key.pem", "peer-key.pem"])
def test_keys_are_etcds_alone(name: str) -> None:
    key = files()[f"etc/etcd/{name}"]
    assert (key.owner, key.permissions) == ("etcd", 0o400)


def test_the_management_certificate_is_written_where_there_is_one() -> None:
    managed = replace(
        NODE.certificates,
        management_certificate=PEM.format("MANAGEMENT CERTIFICATE"),
        management_key=PEM.format("MANAGEMENT KEY"),
    )
    written = files(replace(NODE, certificates=managed))
    certificate, key = (written[f"etc/etcd/management{end}.pem"] for end in ("", "-key"))
    assert (certificate.owner, certificate.permissions) == ("root", 0o444)
    assert (key.owner, key.permissions) == ("root", 0o400)
    assert files().keys() == written.keys() - {"etc/etcd/management.pem", "etc/etcd/management-key.pem"}
    assert "MANAGEMENT KEY" not in repr(replace(NODE, certificates=managed))


def test_the_discovery_token_is_roots_alone_and_nowhere_else() -> None:
    written = files()
    token = "etc/etcd/prepare_cluster.token"
    assert (written[token].permissions, written[token].owner) == (0o600, "root")
    assert [path for path, file in written.items() if NODE.api_token in file.text] == [token]


def test_secrets_do_not_show_when_the_settings_are_printed() -> None:
    shown = repr(NODE)
    assert NODE.api_token not in shown
    assert "SERVER KEY" not in shown
    assert "PEER KEY" not in shown


def test_other_users_can_read_public_files_only() -> None:
    written = files(replace(NODE, backup=BACKUP))
    secret = {path for path, file in written.items() if not file.permissions & 0o044}
    assert secret == {
        "etc/etcd/prepare_cluster.token",
        "etc/etcd/backup.json",
        "etc/etcd/server-key.pem",
        "etc/etcd/peer-key.pem",
    }


def test_only_root_can_read_the_archive_with_the_keys() -> None:
    written = {entry["path"]: entry for entry in yaml.safe_load(render_user_data(NODE))["write_files"]}
    permissions = {path: entry.get("permissions", "0644") for path, entry in written.items()}
    assert permissions == {
        "/etc/etcd/unpack.py": "0644",
        "/etc/etcd/node.bz2.b94": "0644",
        "/etc/etcd/member.lzma.b94": "0600",
    }


def test_the_settings_are_those_that_discovery_reads(tmp_path: Path) -> None:
    path = tmp_path / "prepare_cluster.json"
    path.write_text(files()["etc/etcd/prepare_cluster.json"].text)
    settings = read_settings(path)
    assert settings.initial_members == NODE.settings.initial_members
    assert {name: getattr(settings, name) for name in vars(NODE.settings)} == vars(NODE.settings)
    assert list(json.loads(path.read_text())) == list(vars(NODE.settings))
    assert (settings.listen, settings.metrics) == ("0.0.0.0", "127.0.0.1:2381")  # noqa: S104


def packed(node: NodeConfig = NODE) -> dict[str, str]:
    """The files in the node's archive."""
    return {path: file.text for path, file in files(node).items() if path in archive_files()}


def test_the_archive_has_the_node_with_what_it_shares_with_the_program() -> None:
    own = {
        f"etc/etcd/{file.relative_to(SOURCES).as_posix()}": file
        for file in [SOURCES / "prepare_cluster.py", *SOURCES.glob("etcd_node/**/*.py")]
    }
    shared = {
        f"etc/etcd/{file.relative_to(PACKAGE.parent).as_posix()}": file
        for file in PACKAGE.glob("shared/**/*.py")
    }
    # The program's own file exports what needs Pulumi. The node's package has no content.
    shared["etc/etcd/components/__init__.py"] = PACKAGE / "shared/__init__.py"
    modules = {path: text for path, text in packed().items() if path.endswith(".py")}
    assert modules == {path: strip_module(file.read_text()) for path, file in {**own, **shared}.items()}


def test_the_archive_has_all_units_drop_ins_and_the_first_boot_script() -> None:
    units = {f"etc/systemd/system/{unit.name}": unit for unit in (SOURCES / "units").iterdir()}
    others = {
        "etc/etcd/first-boot": SOURCES / "first-boot",
        "etc/systemd/system/do-agent.service.d/etcd.conf": SOURCES / "do-agent.conf",
        "etc/systemd/journald.conf.d/etcd.conf": SOURCES / "journald.conf",
    }
    texts = {path: text for path, text in packed().items() if not path.endswith(".py")}
    assert texts == {
        path: strip_comment_lines(file.read_text()) for path, file in {**units, **others}.items()
    }


def test_all_members_have_the_same_node_archive() -> None:
    other = replace(NODE, settings=replace(NODE.settings, name="etcd-server-2.example.test"))
    archives = [
        entry["content"]
        for node in (NODE, other)
        for entry in yaml.safe_load(render_user_data(node))["write_files"]
        if entry["path"] == "/etc/etcd/node.bz2.b94"
    ]
    assert archives[0] == archives[1]


def test_too_large_a_document_names_its_size_and_the_limit() -> None:
    with pytest.raises(
        TooLargeError, match=rf"etcd-server-1\.example\.test has \d+ bytes, .* at most {LIMIT}"
    ):
        render_user_data(
            replace(NODE, certificates=replace(NODE.certificates, ca_certificate=random_text(LIMIT)))
        )


def test_the_first_boot_is_repeated_until_its_last_unit_is_enabled() -> None:
    (start,) = (one for one in yaml.safe_load(render_user_data(NODE))["bootcmd"] if one[0] == "systemd-run")
    script = packed()["etc/etcd/first-boot"].replace("\\\n", "")
    (enabled,) = (line.split() for line in script.splitlines() if " enable " in line)
    link = f"/etc/systemd/system/multi-user.target.wants/{enabled[-1]}"
    assert f"--property=ConditionPathExists=!{link}" in start
    assert "WantedBy=multi-user.target" in packed()[f"etc/systemd/system/{enabled[-1]}"].splitlines()


def test_the_files_are_on_disk_before_the_first_boot_counts_as_complete() -> None:
    commands = (SOURCES / "first-boot").read_text().splitlines()
    synced = commands.index("sync -f /etc")
    (enabled,) = [number for number, line in enumerate(commands) if line.startswith("systemctl --root=/")]
    # etcd starts meanwhile.
    assert commands.index(next(line for line in commands if "start --no-block etcd.service" in line)) < synced
    assert synced < enabled


def test_the_first_boot_unpacks_the_archive_before_it_starts_etcd() -> None:
    (start,) = (one for one in yaml.safe_load(render_user_data(NODE))["bootcmd"] if one[0] == "systemd-run")
    assert "--property=ExecStartPre=/usr/bin/python3 -ES /etc/etcd/unpack.py" in start
    assert "--property=Before=cloud-config.service" in start
    assert start[-2:] == ["sh", "/etc/etcd/first-boot"]
