"""A member whose data is damaged gives it up, and receives the data of the others."""

from __future__ import annotations

import json
import shutil
from argparse import Namespace
from collections.abc import Callable

import pytest
from etcd_node.etcd.client import call
from etcd_node.etcd.transport import MemberAddress, TlsClient
from etcd_node.host.settings import read_settings
from etcd_node.recovery import recover
from etcd_node.recovery.rejoin import LEASE, LEASE_SECONDS

from .lab import Lab, Node, added_by_hand, eventually, wait_until_promoted
from .test_backup import wait_for_addresses
from .test_different_data import change_value

Rejoin = Callable[[Node], None]


@pytest.fixture
def rejoin(monkeypatch: pytest.MonkeyPatch) -> Rejoin:
    """The operator's command on one member. It does what the command asks of systemd."""

    def run(node: Node) -> None:
        actions = {"stop": node.power_off, "start": node.power_on}
        monkeypatch.setattr(recover, "_systemctl", lambda verb, *_: actions[verb]())
        settings = read_settings(node.paths.etc / "prepare_cluster.json")
        recover.recover(settings, node.paths, Namespace(
            programs=["rejoin"], members="", label="", even_with_quorum=False, give_up="", silent_are_down=False,
            others_are_older=False,
        ))  # fmt: skip

    return run


def flip_a_byte(node: Node) -> None:
    """Flip a byte of a value in the log."""
    (log,) = (node.paths.data / "member/wal").glob("*.wal")
    content = bytearray(log.read_bytes())
    content[content.index(b"in the log")] ^= 0xFF
    log.write_bytes(content)


def damage_database(node: Node) -> None:
    """Overwrite the pages that describe the database."""
    with (node.paths.data / "member/snap/db").open("r+b") as database:
        database.write(bytes(8192))


@pytest.mark.parametrize(
    ("damage", "last_words"),
    [
        (flip_a_byte, "walpb: crc mismatch"),
        (damage_database, "failed to open database"),
        (None, "is out of range [lastIndex"),
    ],
    ids=["a flipped byte in the log", "a damaged database", "data rolled back by a copy"],
)
def test_a_member_with_damaged_data_rejoins_on_command(
    lab: Lab, rejoin: Rejoin, damage: Callable[[Node], None] | None, last_words: str
) -> None:
    nodes = lab.bootstrap()
    eventually("a leader", lambda: any(node.leads() for node in nodes))
    # Only a leader that stays remembers what the third one had.
    first, _, third = sorted(nodes, key=Node.leads, reverse=True)
    for node in nodes:
        wait_for_addresses(node, nodes)
    third.power_off()
    old = shutil.copytree(third.paths.data, lab.folder / "old")
    third.power_on()
    assert eventually("it runs again", third.healthy)
    assert third.etcdctl("put", "colour", "in the log").returncode == 0
    third.power_off()
    if damage is None:
        shutil.rmtree(third.paths.data)
        shutil.move(old, third.paths.data)
    else:
        damage(third)
    third.power_on()
    eventually("etcd ends, again and again", lambda: third.log.count(last_words) > 4)
    rejoin(third)
    wait_until_promoted(third)
    assert third.get("colour") == "in the log"
    assert len(first.members()) == 3
    (aside,) = third.paths.mount.glob("damaged-*")
    assert (aside / "member/wal").is_dir()


def test_a_member_whose_log_is_lost_joins_without_its_old_database(lab: Lab) -> None:
    first, _, third = nodes = lab.bootstrap()
    first.etcdctl("put", "colour", "blue")
    eventually("it is in the file", lambda: b"blue" in (third.paths.data / "member/snap/db").read_bytes())
    third.power_off()
    shutil.rmtree(third.paths.data / "member/wal")
    eventually("they write", lambda: first.etcdctl("put", "shape", "round").returncode == 0)
    third.power_on()
    wait_until_promoted(third)
    assert (third.get("colour"), third.get("shape")) == ("blue", "round")
    eventually("they have the same data", lambda: len({hash_of(node) for node in nodes}) == 1)
    (aside,) = third.paths.mount.glob("damaged-*")
    assert b"blue" in (aside / "member/snap/db").read_bytes()


def test_no_cluster_is_bootstrapped_over_a_database_without_its_log(lab: Lab) -> None:
    nodes = lab.bootstrap()
    for node in nodes:
        node.power_off()
    for node in nodes[:2]:
        node.wipe()
    shutil.rmtree(nodes[2].paths.data / "member/wal")
    for node in nodes:
        node.power_on()
    refusal = f"waiting to bootstrap: {nodes[2].name} has data without a log, so that data may be needed"
    for node in nodes:
        eventually("the log says so", lambda node=node: refusal in node.log)
    assert not any(node.healthy() for node in nodes)
    # What the runbook says when no backup is newer.
    nodes[2].power_off().paths.data.rename(nodes[2].paths.mount / "other-data")
    nodes[2].power_on()
    lab.all_healthy(nodes)


def hash_of(node: Node) -> int:
    """The hash of a member's data."""
    (hashed,) = json.loads(node.etcdctl("endpoint", "hashkv", "-w", "json").stdout)
    return hashed["HashKV"]["hash"]


def test_a_member_with_other_data_rejoins_under_the_alarm(lab: Lab, rejoin: Rejoin) -> None:
    lab.environment = {"ETCD_COMPACT_HASH_CHECK_TIME": "2s"}
    nodes = lab.bootstrap()
    for node in nodes:
        wait_for_addresses(node, nodes)
    nodes[0].etcdctl("put", "colour", "blue")
    bad = next(node for node in nodes if node.leads())
    eventually("it is in the file", lambda: b"blue" in (bad.paths.data / "member/snap/db").read_bytes())
    change_value(bad, b"blue", b"gold")
    lab.all_healthy(nodes)
    nodes[0].etcdctl("compact", str(nodes[0].status()["header"]["revision"]))
    eventually("etcd raises its alarm", lambda: "CORRUPT" in nodes[0].etcdctl("alarm", "list").stdout)
    rejoin(bad)
    eventually("it votes", lambda: votes(bad))
    assert bad.get("colour") == "blue"
    assert not bad.healthy()
    nodes[0].etcdctl("alarm", "disarm")
    lab.all_healthy(nodes)


def test_no_member_gives_up_data_that_may_be_needed(lab: Lab, rejoin: Rejoin) -> None:
    first, second, third = nodes = lab.bootstrap()
    for node in nodes:
        wait_for_addresses(node, nodes)
    first.etcdctl("put", "colour", "blue")
    eventually("it is in the file", lambda: b"blue" in (second.paths.data / "member/snap/db").read_bytes())
    second.power_off()
    eventually("the others have a leader", first.healthy)
    with pytest.raises(SystemExit, match=f"Nothing has been changed: {second.name} is not healthy"):
        rejoin(third)
    change_value(second, b"blue", b"gold")
    lab.all_healthy(nodes)
    with pytest.raises(SystemExit, match="the others have different data"):
        rejoin(third)
    second.power_off()
    third.power_off()
    with pytest.raises(SystemExit, match="no quorum answers"):
        rejoin(first)
    assert not list(lab.folder.glob("*/var/lib/etcd/damaged-*"))


def test_one_member_at_a_time_rejoins_beside_a_learner_added_by_hand(lab: Lab, rejoin: Rejoin) -> None:
    first, second, third = nodes = lab.bootstrap()
    for node in nodes:
        wait_for_addresses(node, nodes)
    lease = {"ID": str(LEASE), "TTL": str(LEASE_SECONDS + 1)}
    client, through = TlsClient(second.paths.etc), MemberAddress(first.name, first.name)
    call(client, through, "/v3/lease/grant", lease)
    with pytest.raises(SystemExit, match=f"Nothing has been changed: {second.name} has begun to rejoin"):
        rejoin(third)
    call(client, through, "/v3/lease/revoke", lease)
    added_by_hand(first, "--learner")
    rejoin(third)
    wait_until_promoted(third)
    assert len(first.members()) == 4
    with pytest.raises(SystemExit, match=f"{third.name} has begun to rejoin.* in [0-9]+ s"):
        rejoin(second)


def test_three_members_with_different_data_become_equal_by_the_runbook(lab: Lab, rejoin: Rejoin) -> None:
    """The runbook's way out where no majority has the same data."""
    lab.environment = {"ETCD_COMPACT_HASH_CHECK_TIME": "2s"}
    nodes = lab.bootstrap()
    for node in nodes:
        wait_for_addresses(node, nodes)
    nodes[0].etcdctl("put", "colour", "blue")
    for node, colour in zip(nodes, (b"gold", b"pink", b"cyan"), strict=True):
        eventually(
            "it is in the file",
            lambda node=node: b"blue" in (node.paths.data / "member/snap/db").read_bytes(),
        )
        change_value(node, b"blue", colour)
        lab.all_healthy(nodes)
    nodes[0].etcdctl("compact", str(nodes[0].status()["header"]["revision"]))
    eventually("etcd raises its alarm", lambda: "CORRUPT" in nodes[0].etcdctl("alarm", "list").stdout)
    chosen, *others = sorted(nodes, key=Node.leads)
    others[-1].etcdctl("move-leader", chosen.members()[chosen.name]["ID"])
    for node in others:
        node.power_off()
        node.paths.data.rename(node.paths.mount / "other-data")
        node.power_on()
        eventually("it votes", lambda node=node: votes(node))
    # This log is short, so the members received all of it. It has the value that was written.
    assert {node.get("colour") for node in others} == {"blue"}
    rejoin(chosen)
    eventually("it votes", lambda: votes(chosen))
    others[0].etcdctl("alarm", "disarm")
    lab.all_healthy(nodes)
    assert {node.get("colour") for node in nodes} == {"blue"}


def votes(node: Node) -> bool:
    """Whether a member votes, while the periodic step runs."""
    node.reconcile()
    mine = node.members().get(node.name)
    return mine is not None and not mine.get("isLearner")
