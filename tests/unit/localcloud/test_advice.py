"""Commands that messages name can be typed: ``localcloud`` itself is on no PATH."""

from __future__ import annotations

import ast
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from click import Group
from typer.main import get_command

from localcloud.checkout import CHECKOUT
from localcloud.cli.main import app
from localcloud.machines import layout
from localcloud.machines.console_process import ConsoleProcess
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.layout import Layout
from localcloud.machines.prometheus import Prometheus

COMMANDS: list[str] = sorted(cast("Group", get_command(app)).commands)
UNTYPABLE = re.compile(rf"(?<!\.venv/bin/)\blocalcloud (?:--?[a-z]|(?:{'|'.join(COMMANDS)})\b)")


def texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """All texts but those that stand alone, which are documentation."""
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node


def test_no_message_names_a_command_that_is_not_on_path() -> None:
    assert {"console", "monitoring", "start"} <= set(COMMANDS)
    found = [
        f"{file.relative_to(CHECKOUT)}:{text.lineno}"
        for file in sorted([*CHECKOUT.glob("localcloud/**/*.py"), *CHECKOUT.glob("console/**/*.py")])
        for text in texts(ast.parse(file.read_text(encoding="utf-8")))
        if UNTYPABLE.search(str(text.value))
    ]
    assert found == []


@pytest.fixture
def taken() -> Iterator[int]:
    """A port in use."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def start_console(local: Layout, port: int) -> str:
    return ConsoleProcess(local).ensure(CHECKOUT, CHECKOUT / "console", port)


def start_monitoring(local: Layout, port: int) -> str:
    return Prometheus(local).ensure({}, port)


@pytest.mark.parametrize("start", [start_console, start_monitoring])
def test_a_port_in_use_is_refused_with_a_target_of_make_that_takes_one(
    start: Callable[[Layout, int], str], taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "RUN_ROOT", tmp_path)
    monkeypatch.setattr(Prometheus, "_start", lambda _: None)
    with pytest.raises(LocalCloudError) as caught:
        start(Layout("mine", tmp_path / "state"), taken)
    advice = re.search(r'choose another port with make ([a-z]+) ARGS="--port N"$', str(caught.value))
    assert advice
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(rf"^{advice[1]}:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert recipe
    assert "$(ARGS)" in recipe[1]
