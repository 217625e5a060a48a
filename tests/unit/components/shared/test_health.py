"""What etcd's health check says."""

from __future__ import annotations

import pytest

from components.shared.health import health_problem


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"health": "true", "reason": ""}, ""),
        (
            {"health": "false", "reason": "ALARM NOSPACE"},
            "etcd reports that it is not healthy: ALARM NOSPACE",
        ),
        ({"health": "false"}, "etcd reports that it is not healthy: no reason given"),
    ],
)
def test_etcd_reports_its_own_problem(answer: dict[str, str], problem: str) -> None:
    assert health_problem(answer) == problem


def test_an_answer_of_another_form_is_an_error() -> None:
    with pytest.raises(KeyError):
        health_problem({})
