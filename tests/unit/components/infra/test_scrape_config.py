"""Scrape configuration, rules, their tests and the runbook belong together."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.infra.scrape_config import scrape_config

CHECKOUT = Path(__file__).parents[4]
RULES: list[dict[str, Any]] = yaml.safe_load(CHECKOUT.joinpath("monitoring/alerts.yaml").read_text())[
    "groups"
][0]["rules"]
NAMES = [rule["alert"] for rule in RULES]
TESTED = [
    one
    for test in yaml.safe_load(CHECKOUT.joinpath("tests/monitoring/alerts.test.yaml").read_text())["tests"]
    for one in test["alert_rule_test"]
]
RUNBOOK = CHECKOUT.joinpath("docs/monitoring.md").read_text(encoding="utf-8")


def test_members_are_scraped_by_name_on_both_ports() -> None:
    jobs = yaml.safe_load(scrape_config("etcd-etcd-fra1", ["m1.example.com", "m2.example.com"]))[
        "scrape_configs"
    ]
    assert [job["static_configs"][0]["targets"] for job in jobs] == [
        ["m1.example.com:2382", "m2.example.com:2382"],
        ["m1.example.com:2383", "m2.example.com:2383"],
    ]
    assert {job["scheme"] for job in jobs} == {"https"}


def test_two_clusters_fit_into_one_prometheus() -> None:
    names = [
        job["job_name"]
        for cluster in ("etcd-etcd-fra1", "etcd-etcd-ams3")
        for job in yaml.safe_load(scrape_config(cluster, ["m"]))["scrape_configs"]
    ]
    assert len(set(names)) == 4


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_is_tested_both_firing_and_not_firing(name: str) -> None:
    fires = [bool(test["exp_alerts"]) for test in TESTED if test["alertname"] == name]
    assert set(fires) == {True, False}


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_every_rule_has_a_severity_and_an_entry_in_the_runbook(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook"}
    assert rule["annotations"]["runbook"] == f"docs/monitoring.md#{rule['alert'].lower()}"
    (entry,) = re.findall(rf"^### {rule['alert']}\n\n(.+?)(?=^#|\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert len(entry) > 100


def test_tests_and_runbook_know_no_rule_that_is_not_there() -> None:
    assert {test["alertname"] for test in TESTED} == set(NAMES)
    assert set(re.findall(r"^### (Etcd\w+)$", RUNBOOK, re.MULTILINE)) == set(NAMES)


def test_the_dashboards_panels_have_titles_units_and_the_chosen_cluster() -> None:
    for panel in json.loads(CHECKOUT.joinpath("monitoring/dashboard.json").read_text())["panels"]:
        assert panel["title"]
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert all('cluster="$cluster"' in target["expr"] for target in panel["targets"])
