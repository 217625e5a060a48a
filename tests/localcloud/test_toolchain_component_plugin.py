"""A component in Python that programs in other languages use: the stand-in language host runs it as a plugin."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest

from localcloud.toolchain.commands import needed_plugins

from .engine_project import HOST, Project, processes, wait_until

PLUGIN = Path(__file__).parent / "component_plugin"

PROGRAM = """\
import pulumi


class Greeter(pulumi.ComponentResource):
    greeting: pulumi.Output[str]

    def __init__(self, name: str, who: str) -> None:
        super().__init__("greeting:index:Greeter", name, {"name": who, "greeting": None}, remote=True)


pulumi.export("greeting", Greeter("first", pulumi.Config().get("who") or "you").greeting)
"""

STUCK = """\
import pathlib
import time

pathlib.Path("started").touch()
time.sleep(600)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A program that uses the component by the path of its folder."""
    project = Project(tmp_path, PROGRAM)
    # The engine installs what a plugin's own packages need, and the environment has the providers' SDKs.
    project.install(*(plugin for plugin in needed_plugins() if plugin != HOST))
    shutil.copytree(PLUGIN, tmp_path / "plugin")
    described = (project.folder / "Pulumi.yaml").read_text()
    (project.folder / "Pulumi.yaml").write_text(f"{described}packages:\n  greeting: ../plugin\n")
    return project


def test_the_schema_follows_from_the_types_of_the_component(project: Project) -> None:
    shown = project.pulumi("package", "get-schema", "../plugin")
    schema = json.loads(shown[shown.index("{") :])
    assert (schema["name"], schema["version"]) == ("greeting", "1.2.3")
    greeter = schema["resources"]["greeting:index:Greeter"]
    assert greeter["isComponent"]
    assert greeter["inputProperties"]["name"] == {"type": "string", "description": "Who is greeted."}


def test_adding_a_component_to_a_python_project_is_refused_with_the_way_out(project: Project) -> None:
    shown = project.pulumi("package", "add", "../plugin", succeeds=False)
    assert "install the component's distribution, or use the official host" in shown


def test_hooks_of_a_component_run_in_its_own_process(project: Project) -> None:
    assert "first-kept was asked about you" in project.up()
    assert project.outputs() == {"greeting": "hello you"}
    unchanged = project.up()
    assert "asked" not in unchanged
    assert "3 unchanged" in unchanged

    project.pulumi("config", "set", "who", "nobody")
    assert "nobody is greeted" in project.up(succeeds=False)
    assert "3 deleted" in project.pulumi("destroy", "--yes")


def test_a_plugin_that_fails_at_its_start_fails_the_run_and_says_why(project: Project) -> None:
    (project.folder.parent / "plugin" / "__main__.py").write_text("raise ValueError('no such component')\n")
    assert "ValueError: no such component" in project.up(succeeds=False)


def test_a_folder_with_nothing_to_run_is_refused(project: Project) -> None:
    (project.folder.parent / "plugin" / "__main__.py").unlink()
    assert "has neither a __main__.py nor a pyproject.toml" in project.up(succeeds=False)


def test_a_plugin_ends_with_a_killed_engine(project: Project) -> None:
    # The component waits in its constructor, after the engine has started its plugin.
    source = project.folder.parent / "plugin" / "__main__.py"
    source.write_text(STUCK)

    def running() -> list[str]:
        return processes(lambda process, command: str(source.parent) in command)

    engine = project.begin_up()
    try:
        started = project.folder / "started"
        wait_until(started.exists)
        assert running()
        engine.send_signal(signal.SIGKILL)
        engine.wait()
        wait_until(lambda: not running())
    finally:
        engine.kill()
