"""Parsing the metrics of this machine's own etcd."""

from __future__ import annotations

from etcd_node.etcd.local_metrics import parse_local_metrics


def test_the_metrics_show_the_members_state() -> None:
    metrics = parse_local_metrics(
        "# HELP x\n"
        'etcd_server_id{server_id="8211f1d0f64f3269"} 1\n'
        "etcd_server_has_leader 1\n"
        "etcd_server_is_learner 0\n"
        "etcd_server_leader_changes_seen_total 2\n"
        'etcd_network_active_peers{Local="8211f1d0f64f3269",Remote="91bc3c398fb3c146"} 1\n'
        'etcd_network_active_peers{Local="8211f1d0f64f3269",Remote="fd422379fda50e48"} 0\n'
        "process_start_time_seconds 1.7e+09\n"
    )
    assert metrics is not None
    assert (metrics.member, metrics.has_leader, metrics.learner, metrics.leaders_seen) == (
        0x8211F1D0F64F3269,
        True,
        False,
        2,
    )
    assert metrics.active == {0x91BC3C398FB3C146}
    assert metrics.started == 1.7e9


def test_metrics_without_a_member_id_are_ignored() -> None:
    assert parse_local_metrics("go_goroutines 7\n") is None
