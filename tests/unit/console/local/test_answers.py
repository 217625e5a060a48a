from __future__ import annotations

from typing import Any

import pytest

from components.api.http_client import NoAnswerError
from components.etcd.member_status import EXPIRED, Cause, MemberStatus, NoStatus
from console.local import answers as module
from console.local.answers import MemberQuestions, leads

HEADER = {"cluster_id": "7", "member_id": "2", "revision": "5"}
HEALTHY: dict[str, Any] = {
    "/health": {"health": "true"},
    "/v3/maintenance/status": {
        "header": HEADER,
        "version": "3.6.16",
        "dbSize": "20480",
        "dbSizeQuota": "1073741824",
        "leader": "2",
    },
    "/v3/cluster/member/list": {
        "header": HEADER,
        "members": [{"ID": "2", "name": "etcd-server-2.example.test"}],
    },
    "/version": {"etcdserver": "3.6.16", "etcdcluster": "3.6.0"},
}


class FakeConnection:
    """Answers by path, or fails."""

    def __init__(self) -> None:
        self.answers = HEALTHY
        self.error: NoAnswerError | None = None
        self.asked: list[str] = []

    def ask(self, path: str, body: object = None) -> Any:
        self.asked.append(path)
        if self.error is not None:
            raise self.error
        return self.answers[path]

    def close(self) -> None: ...


@pytest.fixture
def connection() -> FakeConnection:
    return FakeConnection()


@pytest.fixture
def questions(connection: FakeConnection) -> MemberQuestions:
    return MemberQuestions("203.0.113.2", connection)  # type: ignore[arg-type]


def test_an_answer_has_the_status_and_the_databases_size(questions: MemberQuestions) -> None:
    answer = questions.ask()
    assert isinstance(answer.observation, MemberStatus)
    assert leads(answer.observation)
    assert answer.observation.voters == {"etcd-server-2.example.test"}
    assert (answer.database_bytes, answer.quota_bytes) == (20480, 1 << 30)


def test_the_member_list_is_asked_for_rarely(questions: MemberQuestions, connection: FakeConnection) -> None:
    for _ in range(3):
        questions.ask()
    assert connection.asked.count("/v3/maintenance/status") == 3
    assert connection.asked.count("/v3/cluster/member/list") == 1


def test_a_new_leader_is_a_reason_to_ask_for_the_member_list(
    questions: MemberQuestions, connection: FakeConnection
) -> None:
    questions.ask()
    status = {**HEALTHY["/v3/maintenance/status"], "leader": "3"}
    connection.answers = {**HEALTHY, "/v3/maintenance/status": status}
    answer = questions.ask()
    assert isinstance(answer.observation, MemberStatus)
    assert not leads(answer.observation)
    assert connection.asked.count("/v3/cluster/member/list") == 2


def test_the_member_list_is_asked_for_again_after_a_while(
    questions: MemberQuestions, connection: FakeConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RARELY_SECONDS", -1.0)
    questions.ask()
    questions.ask()
    assert connection.asked.count("/version") == 2


def test_a_quota_that_etcd_does_not_say_is_unknown(
    questions: MemberQuestions, connection: FakeConnection
) -> None:
    status = {key: value for key, value in HEALTHY["/v3/maintenance/status"].items() if key != "dbSizeQuota"}
    connection.answers = {**HEALTHY, "/v3/maintenance/status": status}
    assert questions.ask().quota_bytes is None


@pytest.mark.parametrize(
    ("error", "reason", "cause"),
    [
        (
            NoAnswerError("ConnectionRefusedError: refused"),
            "https://203.0.113.2:2379: ConnectionRefusedError: refused",
            Cause.SILENT,
        ),
        (
            NoAnswerError("TimeoutError: no answer in time", connected=True),
            "https://203.0.113.2:2379: TimeoutError: no answer in time",
            Cause.UNRESPONSIVE,
        ),
        (
            NoAnswerError("SSLCertVerificationError: certificate has expired"),
            f"https://203.0.113.2:2379: {EXPIRED}",
            Cause.SILENT,
        ),
    ],
)
def test_a_member_that_does_not_answer_has_a_reason(
    questions: MemberQuestions, connection: FakeConnection, error: NoAnswerError, reason: str, cause: Cause
) -> None:
    connection.error = error
    assert questions.ask().observation == NoStatus(reason, cause)


def test_an_answer_that_is_not_etcds_is_a_reason(
    questions: MemberQuestions, connection: FakeConnection
) -> None:
    connection.answers = {**HEALTHY, "/health": {"message": "answer 502: bad gateway"}}
    observation = questions.ask().observation
    assert isinstance(observation, NoStatus)
    assert observation.reason.startswith("https://203.0.113.2:2379 does not answer as etcd does")
