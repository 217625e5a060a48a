"""Time of ``pulumi up`` with nothing to change, compared with an empty program's."""

from __future__ import annotations

import ast
import os
import sys
import tempfile
from pathlib import Path

import yaml

from bench import engine
from bench.figures import Figure
from bench.own_packages import own_environment, with_environment
from bench.turns import compare_runs
from bench.workplace import Workplace
from localcloud.checkout import CHECKOUT

LIMIT = 1.5
"""How many times the empty program's time a run may take."""
COMMAND = 'if __name__ == "__main__":'
"""What a module has that is run as a command."""


def measure_unchanged(place: Workplace) -> list[Figure]:
    """Measure all figures of this part. Begins with a cluster or none, and ends with a healthy one.

    Raises ``BenchError``.
    """
    with tempfile.TemporaryDirectory(prefix="etcd-bench-") as temporary:
        directory = Path(temporary)
        floor = empty_project(directory / "empty")
        engine.pulumi(floor, "stack", "init", os.environ["PULUMI_STACK"])
        environment = own_environment(directory)
        importing = with_environment(CHECKOUT, directory / "program-that-imports", environment)
        importing_floor = with_environment(floor, directory / "empty-that-imports", environment)
        place.say("running the programs once, untimed")
        # The first run of the empty program creates its stack.
        engine.up(floor)
        engine.up(CHECKOUT)
        engine.up(CHECKOUT)
        for project in (importing, importing_floor):
            engine.pulumi(project, "up", "--yes", "--skip-preview", "--expect-no-changes")
        figure = "pulumi up with nothing to change"
        return [
            compare_runs(place, figure, importing, importing_floor, "empty program", limit=LIMIT),
            compare_runs(
                place, f"{figure}, with packages imported in advance", CHECKOUT, floor, "empty program"
            ),
        ]


def empty_project(directory: Path) -> Path:
    """Create a project that runs as ours does, in a new directory.

    Its program imports our packages, and does nothing else.
    """
    directory.mkdir()
    runtime = yaml.safe_load((CHECKOUT / "Pulumi.yaml").read_text())["runtime"]
    (directory / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "empty", "runtime": runtime}))
    (directory / "__main__.py").write_text("\n".join(package_imports(CHECKOUT)))
    for name in (".venv", "pyproject.toml", "uv.lock"):
        (directory / name).symlink_to(CHECKOUT / name)
    return directory


def package_imports(project: Path) -> list[str]:
    """List the statements by which the program of a project imports installed packages."""
    files = [project / "__main__.py", *(project / "components").rglob("*.py")]
    texts = [file.read_text(encoding="utf-8") for file in files]
    # A module that is a command of its own is not part of the program.
    nodes = [node for text in texts if COMMAND not in text for node in ast.walk(ast.parse(text))]
    return sorted({ast.unparse(node) for node in nodes if _imports_package(node)})


def _imports_package(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=[ast.alias(name=module), *_]) | ast.ImportFrom(module=str(module), level=0):
            return module.partition(".")[0] not in {*sys.stdlib_module_names, "components"}
        case _:
            return False
