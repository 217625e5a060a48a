"""Where the locks of a stack are, by the URL that Pulumi tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.production.stack_facts import backend_folder


@pytest.mark.parametrize(
    ("url", "backend"),
    [
        ("file://{root}/state", "state"),
        ("file://{root}/state?metadata=skip", "state"),
        ("file://{root}/a%20state", "a state"),
        ("file://~", "home"),
        ("file://~/state", "home/state"),
        ("file://.", "project"),
        ("file://./state", "project/state"),
        ("file://state", "project/state"),
    ],
)
def test_a_backend_is_the_folder_that_pulumi_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, backend: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / backend / ".pulumi").mkdir(parents=True)
    assert backend_folder(url.format(root=tmp_path), tmp_path / "project") == tmp_path / backend


@pytest.mark.parametrize("url", ["file://~/elsewhere", "https://api.pulumi.com", "s3://bucket/state", ""])
def test_a_backend_that_is_no_folder_here_is_unknown(tmp_path: Path, url: str) -> None:
    assert backend_folder(url, tmp_path) is None
