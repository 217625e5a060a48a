"""When the reason of a wait is logged."""

from __future__ import annotations

from etcd_node.host.journal import REPEAT_INTERVAL, WaitLog


def test_a_new_reason_is_logged_at_once_and_an_old_one_again_later() -> None:
    now, logged = [0.0], list[str]()
    wait_log = WaitLog(clock=lambda: now[0], write=logged.append)
    for text in ("a", "a", "b"):
        wait_log.report(text)
    assert logged == ["a", "b"]
    now[0] = REPEAT_INTERVAL - 1
    wait_log.report("b")
    now[0] = REPEAT_INTERVAL + 1
    wait_log.report("b")
    assert logged == ["a", "b", f"b (for {REPEAT_INTERVAL + 1:.0f} s)"]
