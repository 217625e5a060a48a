"""How the answer to etcd's health check is read."""

from __future__ import annotations

import pytest
from etcd_node.etcd.health import problem_in
from etcd_node.etcd.transport import HttpResponse


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (200, b'{"health":"true","reason":""}', ""),
        (
            503,
            b'{"health":"false","reason":"ALARM NOSPACE"}',
            "etcd reports that it is not healthy: ALARM NOSPACE",
        ),
        (503, b'{"health":"false"}', "etcd reports that it is not healthy: no reason given"),
        (404, b"404 page not found", "its answer (status 404) is not etcd's"),
        (200, b"[]", "its answer (status 200) is not etcd's"),
    ],
)
def test_only_an_answer_of_etcd_proves_health(status: int, body: bytes, problem: str) -> None:
    assert problem_in(HttpResponse(status, body)) == problem
