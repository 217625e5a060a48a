"""The command line of the production console refuses at once what cannot work."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import console.__main__ as command
from components.backups.stack_file import StackError

STACK = ("--stack", "fra1")


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


def run(*arguments: str, width: int = 400) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(command.show)
    done = CliRunner().invoke(app, arguments, terminal_width=width, env={"COLUMNS": str(width)})
    return done.exit_code, done.output + str(done.exception or "")


@pytest.mark.parametrize("port", ["0", "-1", "65536"])
def test_a_port_out_of_range_is_refused(port: str) -> None:
    assert run(*STACK, "--port", port)[0] == 2


def test_an_empty_stack_is_refused(tmp_path: Path) -> None:
    status, text = run("--stack", "", "--folder", str(tmp_path))
    assert (status, "pulumi stack ls" in text) == (2, True)


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    assert run(*STACK, "--folder", str(tmp_path / "none"))[0] == 2
    status, text = run(*STACK, "--folder", str(tmp_path))
    assert (status, "no Pulumi.yaml" in text) == (2, True)


def test_an_unknown_stack_ends_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: Path, *__: str) -> str:
        raise StackError("error: no stack named 'fra9' found")

    monkeypatch.setattr("console.production.stack_facts.pulumi", missing)
    (tmp_path / "Pulumi.yaml").write_text("name: etcd\n")
    status, text = run("--stack", "fra9", "--folder", str(tmp_path), "--port", free_port())
    assert status == 1
    assert "no stack named 'fra9' found. pulumi stack ls" in text


def test_a_port_in_use_ends_the_command(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: etcd\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, text = run(*STACK, "--folder", str(tmp_path), "--port", port)
    assert status == 1
    assert (
        f"127.0.0.1:{port} cannot be used (Address already in use): choose another port with "
        f'make console STACK={STACK[-1]} ARGS="--port N"' in " ".join(text.split())
    )


def test_without_pulumi_the_command_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "Pulumi.yaml").write_text("name: etcd\n")
    status, text = run(*STACK, "--folder", str(tmp_path), "--port", free_port())
    assert (status, "pulumi is not on the PATH" in text) == (1, True)
