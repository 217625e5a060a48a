"""A run waits for members with progress, a time limit, and an error that says what to do."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from components.etcd.member_status import EXPIRED, LACKS_TAG
from components.rollout import waiting
from components.rollout.messages import Explanation
from components.rollout.waiting import UnhealthyError, wait_until_healthy


async def unexplained(_: Mapping[str, str]) -> Explanation:
    return Explanation()


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0)


async def test_a_wait_ends_when_no_problem_is_left_and_logs_changes_once() -> None:
    script: list[Mapping[str, str]] = [
        {"a": "starts", "b": "starts"},
        {"a": "starts", "b": "starts"},
        {"a": "starts"},
        {},
    ]
    logged: list[str] = []

    async def observe() -> Mapping[str, str]:
        return script.pop(0)

    await wait_until_healthy(
        observe,
        seconds=60,
        purpose="Cluster x",
        log=logged.append,
        explain=unexplained,
        renewed=lambda: "",
    )
    assert [line.partition(",")[0] for line in logged] == [
        "Cluster x: waiting for 2 unhealthy members",
        "Cluster x: waiting for 1 unhealthy member",
    ]


async def test_at_the_limit_the_error_has_each_member_its_problem_and_repair() -> None:
    async def observe() -> Mapping[str, str]:
        return {"etcd-server-2.example.com": "connection refused"}

    async def explained(found: Mapping[str, str]) -> Explanation:
        return Explanation(
            remedies=dict.fromkeys(found, "pulumi up --target-replace 'URN'"), ending="Nothing was touched."
        )

    with pytest.raises(UnhealthyError) as caught:
        await wait_until_healthy(
            observe,
            seconds=0,
            purpose="Cluster x",
            log=lambda _: None,
            explain=explained,
            renewed=lambda: "",
        )
    assert "etcd-server-2.example.com: connection refused" in str(caught.value)
    assert "UTC or longer)" in str(caught.value)
    assert "to repair it: pulumi up --target-replace 'URN'" in str(caught.value)
    assert str(caught.value).endswith("Nothing was touched.")
    assert "journalctl -u preparecluster -u etcd" in str(caught.value)


async def test_expired_certificates_fail_at_once_with_a_way_out() -> None:
    async def observe() -> Mapping[str, str]:
        return dict.fromkeys(("a", "b"), f"https://203.0.113.10:2379: {EXPIRED}")

    with pytest.raises(UnhealthyError) as caught:
        await wait_until_healthy(
            observe,
            seconds=60,
            purpose="Before c may change",
            log=lambda _: None,
            explain=unexplained,
            renewed=lambda: "Do.",
        )
    assert "a: https://203.0.113.10:2379: its certificate has expired" in str(caught.value)
    assert str(caught.value).endswith("cannot join those that are not replaced. Do.")


async def test_a_wait_goes_on_while_not_all_problems_are_expired_certificates() -> None:
    script: list[Mapping[str, str]] = [{"a": EXPIRED, "b": "starts"}, {}]

    async def observe() -> Mapping[str, str]:
        return script.pop(0)

    await wait_until_healthy(
        observe,
        seconds=60,
        purpose="Cluster x",
        log=lambda _: None,
        explain=unexplained,
        renewed=lambda: "Do.",
    )
    assert script == []


async def test_expired_certificates_fail_at_once_with_remedies_where_members_answer() -> None:
    async def observe() -> Mapping[str, str]:
        return {"a": EXPIRED}

    async def explained(_: Mapping[str, str]) -> Explanation:
        return Explanation(remedies={"a": "Replace it."})

    with pytest.raises(UnhealthyError, match="to repair it: Replace it"):
        await wait_until_healthy(
            observe, seconds=60, purpose="x", log=lambda _: None, explain=explained, renewed=lambda: ""
        )


async def test_a_droplet_without_its_tag_ends_a_wait_at_once() -> None:
    async def observe() -> Mapping[str, str]:
        return {"a": f"its droplet 7 {LACKS_TAG} of the cluster. Add it: doctl", "b": "starts"}

    with pytest.raises(UnhealthyError, match="x: not healthy, and waiting does not help") as caught:
        await wait_until_healthy(
            observe, seconds=60, purpose="x", log=lambda _: None, explain=unexplained, renewed=lambda: "Do."
        )
    assert "a: its droplet 7 lacks the tag of the cluster. Add it: doctl" in str(caught.value)
    assert "etcd:healthTimeoutSeconds" not in str(caught.value)


async def test_a_long_wait_says_why_members_are_unhealthy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "EXPLAIN_SECONDS", 0)
    script: list[Mapping[str, str]] = [{"a": "refused"}, {}]
    logged: list[str] = []

    async def observe() -> Mapping[str, str]:
        return script.pop(0)

    async def explained(_: Mapping[str, str]) -> Explanation:
        return Explanation(words={"a": "etcd has ended: crc mismatch"}, unreachable="First.")

    await wait_until_healthy(
        observe, seconds=60, purpose="x", log=logged.append, explain=explained, renewed=lambda: ""
    )
    assert logged[0].startswith("First. x: waiting for 1 unhealthy member")
    assert logged[0].endswith("a: refused (its machine says: etcd has ended: crc mismatch)")
