"""The report of an acceptance run holds every step and no secret."""

from __future__ import annotations

import json
from pathlib import Path

from acceptance.report import Report

KEY = "-----BEGIN KEY-----\nAAAA\n-----END KEY-----\n"


def test_a_report_has_its_steps_after_each_of_them(tmp_path: Path) -> None:
    report = Report(tmp_path, "fra1", set())
    report.note(pulumi="v3")
    report.step("up", seconds=2.5)
    report.step("destroy", seconds=1.0)
    content = json.loads(report.path.read_text())
    assert content["pulumi"] == "v3"
    assert [step["step"] for step in content["steps"]] == ["up", "destroy"]
    assert report.path.name.startswith("acceptance-fra1-")


def test_a_report_hides_secrets_of_one_line_and_of_several(tmp_path: Path) -> None:
    report = Report(tmp_path, "fra1", {"dop_v1_secret", KEY})
    report.step("up", failed=f"the token dop_v1_secret and the key {KEY} were refused")
    text = report.path.read_text()
    assert "dop_v1_secret" not in text
    assert "AAAA" not in text
    assert json.loads(text)["steps"][0]["failed"].count("[secret]") == 2


def test_only_the_owner_reads_a_report(tmp_path: Path) -> None:
    report = Report(tmp_path, "fra1", set())
    report.step("up")
    assert report.path.stat().st_mode & 0o777 == 0o600
