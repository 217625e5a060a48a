"""The members' block in a hosts file."""

from __future__ import annotations

from pathlib import Path

from etcd_node.host.hosts_file import members_in, read_members, update_hosts, with_members


def test_members_are_added_to_a_hosts_file_and_replaced_in_it() -> None:
    once = with_members("127.0.0.1 localhost", {"b": "192.0.2.2", "a": "192.0.2.1"})
    assert once.splitlines()[0] == "127.0.0.1 localhost"
    assert once.splitlines()[2:4] == ["192.0.2.1 a", "192.0.2.2 b"]
    twice = with_members(once + "192.0.2.200 mine\n", {"a": "192.0.2.9"})
    assert members_in(twice) == {"a": "192.0.2.9"}
    assert "192.0.2.200 mine" in twice
    assert with_members(twice, members_in(twice)) == twice


def test_an_unchanged_hosts_file_is_not_written(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    assert update_hosts(hosts, {"a": "192.0.2.1"})
    before = hosts.stat()
    assert not update_hosts(hosts, {"a": "192.0.2.1"})
    # Reading it may change the time of the last access.
    after = hosts.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert before.st_mode & 0o777 == 0o644


def test_an_operators_bytes_stay_as_they_are(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    own = "192.0.2.200 mine # caf\u00e9\r\n".encode("latin-1")
    hosts.write_bytes(own)
    assert update_hosts(hosts, {"a": "192.0.2.1"})
    assert hosts.read_bytes().startswith(own)
    assert read_members(hosts) == {"a": "192.0.2.1"}
