"""Time of a run with nothing to change by the package in a program in YAML, compared with our own program's."""

from __future__ import annotations

import os
import statistics

import yaml

from bench import engine
from bench.figures import Figure, compared
from bench.workplace import PROJECT, Workplace
from bench.yaml_program import write_yaml_program
from localcloud.toolchain.yaml_language_host import install_yaml_language_host

ROUNDS = 7
"""Timed runs of each program, in turns."""

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
    write_yaml_program(folder, stack, yaml.safe_load((PROJECT / f"Pulumi.{stack}.yaml").read_text()))
    place.say("running both programs, untimed")
    engine.up(PROJECT)
    # What each program exports differs.
    engine.up(folder)
    engine.pulumi(folder, "up", "--yes", "--skip-preview", "--expect-no-changes")
    engine.up(PROJECT)
    package: list[float] = []
    ours: list[float] = []
    for number in range(1, ROUNDS + 1):
        place.say(
            f"round {number} of {ROUNDS}: pulumi up with nothing to change, by the package and by our program"
        )
        package.append(engine.up(folder).seconds)
        ours.append(engine.up(PROJECT).seconds)
        place.say(f"  {package[-1]:.2f} s, our program {ours[-1]:.2f} s")
    return [
        compared(
            "pulumi up with nothing to change, by the package",
            statistics.median(package),
            statistics.median(ours),
            unit="s",
            limit=LIMIT,
        )
    ]
