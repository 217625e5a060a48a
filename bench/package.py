"""Time of a run with nothing to change by the package in a program in YAML, compared with our own program's."""

from __future__ import annotations

import os

import yaml

from bench import engine
from bench.figures import Figure
from bench.turns import compare_runs
from bench.workplace import Workplace
from bench.yaml_program import write_yaml_program
from localcloud.checkout import CHECKOUT
from localcloud.toolchain.yaml_language_host import install_yaml_language_host

LIMIT = 1.3
"""How many times our own program's time a run may take."""


def measure_package(place: Workplace) -> list[Figure]:
    """Measure all figures of this part. Begins with a cluster or none, and ends with a healthy one.

    Both programs have the same cluster in the same stack. Raises ``BenchError``.
    """
    install_yaml_language_host(place.cloud.layout.pulumi_home)
    folder = place.scratch / "package"
    folder.mkdir()
    stack = os.environ["PULUMI_STACK"]
    write_yaml_program(folder, stack, yaml.safe_load((CHECKOUT / f"Pulumi.{stack}.yaml").read_text()))
    place.say("running both programs, untimed")
    engine.up(CHECKOUT)
    # What each program exports differs.
    engine.up(folder)
    engine.pulumi(folder, "up", "--yes", "--skip-preview", "--expect-no-changes")
    engine.up(CHECKOUT)
    figure = "pulumi up with nothing to change, by the package"
    return [compare_runs(place, figure, folder, CHECKOUT, "our program", limit=LIMIT)]
