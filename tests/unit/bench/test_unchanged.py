"""The empty program that a run with nothing to change is compared with."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import yaml

from bench.unchanged import empty_project
from localcloud.checkout import CHECKOUT


def test_the_empty_program_loads_the_packages_of_the_program(tmp_path: Path) -> None:
    installed = metadata.packages_distributions().keys()

    def loaded(code: str) -> set[str]:
        listing = f"{code}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
        result = subprocess.run(
            [sys.executable, "-c", listing], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=True
        )
        return set(result.stdout.split()) & installed - {"components"}

    program = loaded("import components.cluster, components.config.loading")
    assert {"pulumi_digitalocean", "pulumi_tls", "httpx", "pydantic"} <= program
    assert loaded((empty_project(tmp_path / "empty") / "__main__.py").read_text()) == program


def test_the_empty_program_runs_as_the_program_does(tmp_path: Path) -> None:
    empty, ours = (
        yaml.safe_load((project / "Pulumi.yaml").read_text())
        for project in (empty_project(tmp_path / "empty"), CHECKOUT)
    )
    assert empty["runtime"] == ours["runtime"]
