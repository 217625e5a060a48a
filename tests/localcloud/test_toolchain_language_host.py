"""Programs that the real engine runs through the stand-in language host.

The engine comes from the cache, and is built if it is missing.
"""

from __future__ import annotations

import ctypes
import json
import shutil
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import grpc
import pytest

import components
from localcloud.plugins import python_program
from localcloud.plugins.launcher import SOCKET
from localcloud.toolchain.commands import STAND_IN_MARK, stand_in

from .engine_project import HOST, RUN_LIMIT, Project, processes, wait_until
from .running_fork_server import running_fork_server


@pytest.fixture(params=[False, True], ids=["started", "forked"])
def forked(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    """Whether the host is forked from a process that has loaded the SDKs, as in a local cloud."""
    if not request.param:
        yield False
        return
    with running_fork_server(tmp_path) as server:
        monkeypatch.setenv(SOCKET, str(server.path))
        yield True


WHERE_AM_I = """\
import asyncio
import os
import sys
import threading

import pulumi
from beside import VALUE
from components import OWN

config = pulumi.Config()
pulumi.export("stack", [pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()])
pulumi.export("config", config.get("plain"))
pulumi.export("secret", config.get_secret("hidden"))
pulumi.export("folders", [os.getcwd(), sys.path[0], pulumi.runtime.get_root_directory()])
pulumi.export("argv", sys.argv)
pulumi.export("name", __name__)
pulumi.export("imported", [VALUE, OWN])
pulumi.export("main thread", threading.current_thread() is threading.main_thread())
pulumi.export("dry run", pulumi.runtime.is_dry_run())
pulumi.export("loaded", "pulumi_digitalocean" in sys.modules)
print("what a program prints")
"""


def test_a_program_has_the_environment_of_the_official_host(tmp_path: Path, forked: bool) -> None:
    project = Project(tmp_path, WHERE_AM_I)
    (project.folder / "beside.py").write_text("VALUE = 'beside'\n")
    # The stand-ins share this package's name with the checkout.
    (project.folder / "components.py").write_text("OWN = 'its own'\n")
    project.pulumi("config", "set", "plain", "text")
    project.pulumi("config", "set", "--secret", "hidden", "geheim")
    shown = project.up()
    folder = str(project.folder)
    assert project.outputs() == {
        "stack": ["organization", "trial", "dev"],
        "config": "text",
        "secret": "geheim",
        "folders": [folder, folder, folder],
        "argv": [folder],
        "name": "__main__",
        "imported": ["beside", "its own"],
        "main thread": True,
        "dry run": False,
        "loaded": forked,
    }
    assert "what a program prints" in shown
    assert "geheim" not in shown
    assert "$PATH" not in shown


LOADED_BEFORE = """\
import sys

import pulumi

loaded = "components.config.settings" in sys.modules
from components.config import settings

pulumi.export("loaded", loaded)
pulumi.export("file", settings.__file__)
"""


def test_the_checkouts_program_is_loaded_before_its_run(tmp_path: Path, forked: bool) -> None:
    project = Project(tmp_path, LOADED_BEFORE)
    project.up()
    assert project.outputs()["loaded"] is forked


def test_a_copy_of_the_checkouts_program_runs_its_own_modules(tmp_path: Path, forked: bool) -> None:
    project = Project(tmp_path, LOADED_BEFORE)
    copy = project.folder / "components"
    shutil.copytree(components.__path__[0], copy)
    project.up()
    assert project.outputs() == {"loaded": False, "file": str(copy / "config" / "settings.py")}


GATED = """\
import asyncio

import pulumi

first = pulumi.Stash("first", input="stored")


async def ask(args: pulumi.ResourceHookArgs) -> None:
    await asyncio.sleep(0.1)
    value = await first.output.future()
    pulumi.log.info(f"{args.name} was asked, first is {value}")
    if pulumi.Config().get_bool("closed"):
        raise RuntimeError("the gate is closed")


gate = pulumi.ResourceHook("ask", ask)
hooks = pulumi.ResourceHookBinding(before_create=[gate], before_update=[gate])
second = pulumi.Stash("second", input=pulumi.Config().get("digest") or "a", opts=pulumi.ResourceOptions(hooks=hooks))
pulumi.export("second", second.output)
"""


def test_hooks_delay_only_their_own_resources(tmp_path: Path) -> None:
    project = Project(tmp_path, GATED)
    assert "second was asked, first is stored" in project.up()
    unchanged = project.up()
    assert "asked" not in unchanged
    assert "3 unchanged" in unchanged

    project.pulumi("config", "set", "digest", "b")
    project.pulumi("config", "set", "closed", "true")
    assert "the gate is closed" in project.up(succeeds=False)
    assert project.outputs() == {"second": "a"}

    project.pulumi("config", "set", "closed", "false")
    assert "second was asked" in project.up()


@pytest.mark.parametrize(
    ("program", "shown", "not_shown"),
    [
        pytest.param(
            "import pulumi\n\nraise ValueError('no such size')\n",
            [
                "Program failed with an unhandled exception",
                '__main__.py", line 3',
                "ValueError: no such size",
            ],
            ["language_host.py", "run_in_stack"],
            id="an exception is shown from the program's own first line",
        ),
        pytest.param(
            "import pulumi\n\nraise pulumi.RunError('etcd:size is 4: use 3')\n",
            ["error: etcd:size is 4: use 3"],
            ["Traceback", "RunError"],
            id="a RunError is shown as its message",
        ),
        pytest.param(
            "import pulumi\n\npulumi.Output.from_input(1).apply(lambda value: value / 0)\n",
            ["Program failed with an unhandled exception", "ZeroDivisionError"],
            ["language_host.py"],
            id="an exception in an output's function",
        ),
        pytest.param(
            "import sys\n\nsys.exit(3)\n",
            ["Program exited with non-zero exit code: 3"],
            ["Traceback"],
            id="an exit code",
        ),
        pytest.param("import nowhere\n", ["No module named 'nowhere'"], [], id="a missing package"),
        pytest.param("def broken(:\n", ["SyntaxError"], [], id="no Python at all"),
    ],
)
def test_a_failing_program_fails_the_run_and_says_why(
    tmp_path: Path, program: str, shown: list[str], not_shown: list[str]
) -> None:
    text = Project(tmp_path, program).up(succeeds=False)
    for part in shown:
        assert text.count(part) >= 1, text
    for part in (*not_shown, "event loop", "Task was destroyed"):
        assert part not in text


def test_preview_refresh_and_destroy_work(tmp_path: Path) -> None:
    project = Project(tmp_path, GATED)
    assert "3 to create" in project.pulumi("preview")
    project.up()
    project.pulumi("refresh", "--yes")
    assert "3 deleted" in project.pulumi("destroy", "--yes")


def test_about_and_install_work(tmp_path: Path) -> None:
    project = Project(tmp_path, "")
    about = json.loads(project.pulumi("about", "--json"))
    assert about["runtime"]["executable"] == sys.executable
    assert "etcd-localcloud" in {dependency["name"] for dependency in about["dependencies"]}
    project.pulumi("install", "--no-plugins")


@pytest.fixture
def virtualenv(tmp_path: Path) -> Path:
    """A virtual environment with the packages of this one, and a package of its own."""
    folder = tmp_path / "project-venv"
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text(f"{Path(grpc.__file__).parents[1]}\n")
    (packages / "mine-1.2.dist-info").mkdir()
    (packages / "mine-1.2.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: mine\nVersion: 1.2\n"
    )
    (packages / "mine.py").write_text("VALUE = 'of my own'\n")
    return folder


@pytest.fixture
def project_with_virtualenv(tmp_path: Path, virtualenv: Path) -> Project:
    project = Project(tmp_path, "")
    runtime = {"name": "python", "options": {"virtualenv": f"../{virtualenv.name}"}}
    (project.folder / "Pulumi.yaml").write_text(json.dumps({"name": "trial", "runtime": runtime}))
    return project


IN_VIRTUALENV = """\
import os
import sys

import pulumi
from beside import VALUE
from mine import VALUE as MINE

pulumi.export("values", [VALUE, MINE, pulumi.Config().get_secret("hidden")])
pulumi.export("environment", [sys.prefix, os.environ["VIRTUAL_ENV"], os.environ["PATH"].split(os.pathsep)[0]])
pulumi.export("argv", sys.argv)
pulumi.export("path", sys.path)
print("what a program prints")
"""


def test_a_program_runs_in_the_virtual_environment_of_its_project(
    project_with_virtualenv: Project, virtualenv: Path
) -> None:
    project = project_with_virtualenv
    (project.folder / "__main__.py").write_text(IN_VIRTUALENV)
    (project.folder / "beside.py").write_text("VALUE = 'beside'\n")
    project.pulumi("config", "set", "--secret", "hidden", "geheim")
    shown = project.up()
    named = str(virtualenv)
    outputs = project.outputs()
    assert outputs["values"] == ["beside", "of my own", "geheim"]
    assert outputs["environment"] == [named, named, f"{named}/bin"]
    assert outputs["argv"] == [str(project.folder)]
    path = cast("list[str]", outputs["path"])
    assert path[0] == str(project.folder)
    assert str(Path(python_program.__file__).parent) not in path
    assert "what a program prints" in shown
    assert "geheim" not in shown

    about = json.loads(project.pulumi("about", "--json"))
    assert about["runtime"]["executable"] == f"{named}/bin/python"
    assert {"name": "mine", "version": "1.2"} in about["dependencies"]


@pytest.mark.parametrize(
    ("program", "shown", "not_shown"),
    [
        ("raise ValueError('no such size')", ['__main__.py", line 3', "no such size"], ["python_program.py"]),
        ("raise pulumi.RunError('etcd:size is 4')", ["error: etcd:size is 4"], ["Traceback"]),
        ("import os; os._exit(3)", ["Program exited with non-zero exit code: 3"], ["Traceback"]),
        ("import sys; sys.exit('no such size')", ["no such size", "non-zero exit code: 1"], ["Traceback"]),
    ],
    ids=["exception", "RunError", "exit code", "exit text"],
)
def test_a_failure_in_a_virtual_environment_is_reported_as_elsewhere(
    project_with_virtualenv: Project, program: str, shown: list[str], not_shown: list[str]
) -> None:
    (project_with_virtualenv.folder / "__main__.py").write_text(f"import pulumi\n\n{program}\n")
    text = project_with_virtualenv.up(succeeds=False)
    for part in shown:
        assert part in text
    for part in not_shown:
        assert part not in text


STUCK = """\
import pathlib
import time

pathlib.Path("started").touch()
time.sleep(600)
"""


def _processes_of(project: Project) -> list[str]:
    """The processes whose working directory is the project's."""
    return processes(lambda process, command: (process / "cwd").readlink() == project.folder)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
@pytest.mark.parametrize("of_its_own", [False, True], ids=["this environment", "virtual environment"])
@pytest.mark.usefixtures("forked")
def test_a_program_ends_with_its_engine(
    project_with_virtualenv: Project, how: signal.Signals, of_its_own: bool
) -> None:
    project = project_with_virtualenv
    if not of_its_own:
        (project.folder / "Pulumi.yaml").write_text("name: trial\nruntime: python\n")
    (project.folder / "__main__.py").write_text(STUCK)
    engine = project.begin_up(subprocess.PIPE)
    try:
        wait_until((project.folder / "started").exists)
        running = python_program.__name__.rpartition(".")[2] if of_its_own else HOST.module
        assert any(running in command for command in _processes_of(project))
        engine.send_signal(how)
        if how is signal.SIGINT:
            # The first signal asks the engine to stop, the second ends it.
            time.sleep(0.5)
            engine.send_signal(how)
        shown, _ = engine.communicate(timeout=RUN_LIMIT)
        assert "Traceback" not in shown
        wait_until(lambda: not _processes_of(project))
    finally:
        engine.kill()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_on_any_thread_ends_the_host(how: signal.Signals) -> None:
    argv = [sys.executable, "-m", HOST.module, "127.0.0.1:1"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as host:
        try:
            assert host.stdout is not None
            assert host.stdout.readline().strip().isdigit()
            threads = sorted(int(task.name) for task in Path(f"/proc/{host.pid}/task").iterdir())
            others = [thread for thread in threads if thread != host.pid]
            assert ctypes.CDLL(None).tgkill(host.pid, others[0], how) == 0
            assert host.wait(timeout=10) == 0
        finally:
            host.kill()


def test_without_an_engine_the_host_says_how_to_start_it() -> None:
    argv = [sys.executable, "-m", "localcloud.plugins.language_host"]
    answer = subprocess.run(argv, capture_output=True, text=True, timeout=RUN_LIMIT, check=False)
    assert answer.returncode != 0
    assert answer.stderr.splitlines() == [
        "pulumi-language-python: the engine's address is missing: run pulumi, which starts this program"
    ]


def test_the_language_host_has_the_mark_of_a_stand_in() -> None:
    assert stand_in(HOST).splitlines()[1].startswith(STAND_IN_MARK)
