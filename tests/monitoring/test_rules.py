"""Rules and dashboard are valid for Debian's Prometheus."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import yaml

from components.infra.scrape_config import scrape_config

CHECKOUT = Path(__file__).parents[2]
RULES = CHECKOUT / "monitoring/alerts.yaml"
DASHBOARD = CHECKOUT / "monitoring/dashboard.json"
TESTS = Path(__file__).with_name("alerts.test.yaml")


def promtool(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["promtool", *arguments], capture_output=True, text=True, check=False, timeout=60, cwd=CHECKOUT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_rules_fire_and_clear_as_their_tests_say() -> None:
    promtool("check", "rules", RULES)
    assert "SUCCESS" in promtool("test", "rules", TESTS)


def test_every_query_of_the_dashboard_is_one(tmp_path: Path) -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    rules = [
        {"record": f"query:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(queries)
    ]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(queries)} rules found" in promtool("check", "rules", file)


def test_prometheus_takes_the_scrape_configuration_with_files_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "prometheus.yml"
    file.write_text(scrape_config("etcd-etcd-fra1", ["etcd-server-1.etcd.example.com"]))
    for name in ("ca.pem", "client.pem", "client-key.pem"):
        (tmp_path / name).write_text("x")
    done = subprocess.run(
        ["promtool", "check", "config", "--syntax-only", file], capture_output=True, text=True, check=False
    )
    assert "SUCCESS" in done.stdout, done.stdout + done.stderr
