"""How the stand-in language host runs a plugin that is written in Python, without an engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from pulumi.runtime.proto import language_pb2

from localcloud.plugins.child_processes import ChildProcesses
from localcloud.plugins.python_plugin import NotRunnableError, plugin_arguments, start_plugin


def request(folder: Path, **more: object) -> language_pb2.RunPluginRequest:
    info = language_pb2.ProgramInfo(
        root_directory=str(folder), program_directory=str(folder), entry_point="."
    )
    return language_pb2.RunPluginRequest(
        info=info, pwd=str(folder), args=["127.0.0.1:1", "--logflow"], kind="resource", **more
    )


def outcome(asked: language_pb2.RunPluginRequest) -> tuple[bytes, bytes, int]:
    """Standard output, standard error and exit code of the plugin."""
    children = ChildProcesses()
    responses = list(children.follow(start_plugin(asked, children)))
    return (
        b"".join(one.stdout for one in responses),
        b"".join(one.stderr for one in responses),
        sum(one.exitcode for one in responses),
    )


def test_a_folder_with_a_main_module_runs_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").touch()
    assert plugin_arguments(request(tmp_path)) == [str(tmp_path), "127.0.0.1:1", "--logflow"]


def test_a_package_without_a_main_module_runs_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "my-component"\n[build-system]\nbuild-backend = "hatchling.build"\n'
    )
    assert plugin_arguments(request(tmp_path)) == [
        "-m",
        "pulumi.run.plugin",
        "my-component",
        "127.0.0.1:1",
        "--logflow",
    ]


@pytest.mark.parametrize("described", [None, '[project]\nname = "no-backend"\n', "[tool.ruff]\n"])
def test_a_folder_with_neither_is_refused(tmp_path: Path, described: str | None) -> None:
    if described:
        (tmp_path / "pyproject.toml").write_text(described)
    with pytest.raises(NotRunnableError, match="add one of them"):
        plugin_arguments(request(tmp_path))


def test_a_plugin_has_the_engines_environment_and_folder(tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    plugin.mkdir()
    (plugin / "__main__.py").write_text(
        "import os, sys\nprint(os.getcwd(), os.environ['GIVEN'], sys.argv[1:], file=sys.stderr)\nprint(4711)\n"
    )
    asked = request(plugin, env=["GIVEN=a=b"])
    asked.pwd = str(tmp_path)
    assert outcome(asked) == (
        b"4711\n",
        f"{tmp_path} a=b ['127.0.0.1:1', '--logflow']\n".encode(),
        0,
    )


@pytest.mark.parametrize(
    ("ends", "code"), [("sys.exit(3)", 3), ("os.kill(os.getpid(), 9)", -1), ("sys.exit()", 0)]
)
def test_the_engine_learns_how_a_plugin_ended(tmp_path: Path, ends: str, code: int) -> None:
    (tmp_path / "__main__.py").write_text(f"import os, sys\n{ends}\n")
    assert outcome(request(tmp_path)) == (b"", b"", code)


def test_all_plugins_end_with_the_host(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import time\nprint(end='started', flush=True)\ntime.sleep(600)\n")
    children = ChildProcesses()
    running = [start_plugin(request(tmp_path), children) for _ in range(2)]
    followed = [children.follow(process) for process in running]
    assert [next(responses).stdout for responses in followed] == [b"started"] * 2
    children.end()
    assert [[one.exitcode for one in responses] for responses in followed] == [[-1], [-1]]
