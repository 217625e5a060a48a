"""A Pulumi project that the real engine runs through the stand-in language host.

The engine comes from the cache, and is built if it is missing.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from localcloud.toolchain.commands import Plugin, install_plugin
from localcloud.toolchain.engine import ENGINE_VERSION, ensure_engine

RUN_LIMIT = 120.0
"""Seconds for one command of the engine."""

HOST = Plugin("language", "python", ENGINE_VERSION, "localcloud.plugins.language_host")


class Project:
    """A Pulumi project with its own state, and without plugins except the language host and those that it installs."""

    def __init__(self, folder: Path, program: str) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        (self.folder / "Pulumi.yaml").write_text("name: trial\nruntime: python\n")
        (self.folder / "__main__.py").write_text(program)
        self.home = folder / "home"
        self.install(HOST)
        (folder / "state").mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        self.environment = kept | {
            "PULUMI_HOME": str(self.home),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "a test's",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
        }
        self.pulumi("stack", "init", "dev")

    def install(self, *plugins: Plugin) -> None:
        """Put stand-ins into the project's own Pulumi home."""
        for plugin in plugins:
            install_plugin(self.home / "plugins", plugin, None)

    def pulumi(self, *argv: str, succeeds: bool = True) -> str:
        """Run the engine, and return its output."""
        answer = subprocess.run(
            [ensure_engine(), *argv, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=RUN_LIMIT,
            check=False,
        )
        assert (answer.returncode == 0) is succeeds, answer.stdout
        return answer.stdout

    def begin_up(self, output: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """Start an update in a process group of its own. Standard output and standard error go to ``output``."""
        return subprocess.Popen(
            [ensure_engine(), "up", "--yes", "--skip-preview", "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def up(self, *, succeeds: bool = True) -> str:
        return self.pulumi("up", "--yes", "--skip-preview", succeeds=succeeds)

    def outputs(self) -> dict[str, object]:
        outputs: dict[str, object] = json.loads(self.pulumi("stack", "output", "--json", "--show-secrets"))
        return outputs


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds, for as long as one command of the engine may take."""
    deadline = time.monotonic() + RUN_LIMIT
    while not condition():
        assert time.monotonic() < deadline, f"it does not hold after {RUN_LIMIT} s"
        time.sleep(0.05)


def processes(of: Callable[[Path, list[str]], bool]) -> list[str]:
    """The command lines of the processes for which a function is true, given a folder of /proc and the arguments."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode().split("\0")
            if of(process, command):
                found.append(" ".join(command))
        except OSError:
            continue
    return found
