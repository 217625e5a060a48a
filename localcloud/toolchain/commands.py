"""Installs the commands of a local cloud's shell and the plugins of its Pulumi engine.

An installed official plugin is preferred to a stand-in. Plugins are put into the local cloud's own Pulumi home: the
engine prints a warning for each plugin on PATH, and the user's home is neither used nor changed.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from localcloud.plugins.launcher import SOCKET
from localcloud.toolchain.engine import ENGINE_VERSION, ensure_engine, users_engine
from localcloud.toolchain.etcd import ensure_release

STAND_IN_MARK = "# A stand-in of the local cloud"
"""The second line of every stand-in, which distinguishes it from a real plugin on PATH."""

PROVIDERS = ("cloudflare", "digitalocean", "tls")
"""The providers of the program. Each has a Python SDK ``pulumi-<name>`` and a stand-in."""


@dataclass(frozen=True)
class Plugin:
    """A plugin that the engine needs."""

    kind: str
    """``language`` or ``resource``."""
    name: str
    """For example ``python`` or ``digitalocean``."""
    version: str
    """The version that the SDK requires."""
    module: str
    """The Python module of the stand-in."""

    @property
    def executable(self) -> str:
        """The file name of the plugin's program."""
        return f"pulumi-{self.kind}-{self.name}"


YAML = Plugin("language", "yaml", "1.38.1", "localcloud.toolchain.yaml_language_host")
"""Pulumi's host of programs in YAML, in the version that is built. Its stand-in starts the built one."""


def ensure_commands(directory: Path, pulumi_home: Path) -> None:
    """Fill ``directory`` with commands, and ``pulumi_home`` with plugins.

    ``directory`` gets ``pulumi``, ``etcdctl`` and ``etcdutl``; it must be first on PATH. ``pulumi_home`` gets the
    language hosts and the provider plugins; ``PULUMI_HOME`` must name it. Official plugins come from PATH or from the
    user's own Pulumi home; the others are stand-ins. Missing parts are built.
    """
    directory.mkdir(parents=True, exist_ok=True)
    binaries = ensure_release().binaries
    _link(directory / "pulumi", ensure_engine())
    for name in ("etcdctl", "etcdutl"):
        _link(directory / name, binaries / name)
    plugins = pulumi_home / "plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    for plugin in needed_plugins():
        install_plugin(plugins, plugin, users_plugin(plugin))


def needed_plugins() -> list[Plugin]:
    """Return the language hosts, and the provider plugins of the program."""
    providers = [
        Plugin("resource", name, metadata.version(f"pulumi-{name}"), f"localcloud.plugins.{name}")
        for name in PROVIDERS
    ]
    python = Plugin("language", "python", ENGINE_VERSION, "localcloud.plugins.language_host")
    return [python, YAML, *providers]


def users_plugin(plugin: Plugin) -> Path | None:
    """Return the program of the user's official plugin, or ``None`` without a suitable one.

    A plugin on PATH is used in any version, like the engine does. From the plugin folder, the newest plugin with the
    SDK's major version is used. A language host that belongs to another engine is not used.
    """
    if plugin.kind == "language":
        engine = users_engine()
        beside = engine.resolve().with_name(plugin.executable) if engine else None
        if beside and beside.exists():
            return beside
    on_path = _on_path(plugin.executable)
    if on_path and not (plugin.kind == "language" and _belongs_to_other_engine(on_path)):
        return on_path
    return _in_folder(plugin)


def _on_path(executable: str) -> Path | None:
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        found = shutil.which(executable, path=folder) if folder else None
        if found and not _is_stand_in(Path(found)):
            return Path(found)
    return None


def _belongs_to_other_engine(language_host: Path) -> bool:
    return users_engine() is None and language_host.with_name("pulumi").exists()


def _in_folder(plugin: Plugin) -> Path | None:
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    found: list[tuple[tuple[int, ...], Path]] = []
    for folder in (home / "plugins").glob(f"{plugin.kind}-{plugin.name}-v*"):
        version = re.fullmatch(r"v(\d+)\.(\d+)\.(\d+)", folder.name.rsplit("-", 1)[1])
        program = folder / plugin.executable
        if (
            version
            and program.exists()
            and not Path(f"{folder}.partial").exists()
            and not _is_stand_in(program)
        ):
            found.append((tuple(int(part) for part in version.groups()), program))
    major = int(plugin.version.split(".", maxsplit=1)[0])
    fitting = [(version, program) for version, program in found if version[0] == major]
    return max(fitting)[1] if fitting else None


def _is_stand_in(program: Path) -> bool:
    with program.open("rb") as file:
        return STAND_IN_MARK.encode() in file.read(256)


def install_plugin(plugins: Path, plugin: Plugin, real: Path | None) -> None:
    """Put a plugin into the folder ``plugins`` of a Pulumi home: the program ``real``, or else a stand-in."""
    # Named by the version that the SDK requires, because the engine accepts no older version from a folder.
    folder = plugins / f"{plugin.kind}-{plugin.name}-v{plugin.version}"
    for other in plugins.glob(f"{plugin.kind}-{plugin.name}-v*"):
        if other.is_dir() and other != folder:
            shutil.rmtree(other)
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / plugin.executable
    if real:
        _link(program, real)
    else:
        _write(program, stand_in(plugin))


def stand_in(plugin: Plugin) -> str:
    """Return the program of a stand-in. It runs on this interpreter, whatever is on PATH."""
    # Bytecode is always written, since a plugin is started many times.
    # -P: modules in a program's folder must not shadow those of the standard library.
    python = shlex.quote(sys.executable)
    launcher = shlex.quote(os.fspath(Path(__file__).parents[1] / "plugins" / "launcher.py"))
    forked = f'[ -S "${{{SOCKET}-}}" ] && exec {python} -IS {launcher} {plugin.module} "$@"\n'
    return (
        "#!/bin/sh\n"
        f"{STAND_IN_MARK} for {plugin.executable}.\n"
        "unset PYTHONDONTWRITEBYTECODE\n"
        f"{forked if plugin != YAML else ''}"
        f'exec {python} -uP -m {plugin.module} "$@"\n'
    )


def _link(path: Path, target: Path) -> None:
    # In a local cloud's shell, the program that is found on PATH is this link.
    if target.absolute() == path.absolute():
        return
    making = path.with_name(f".{path.name}.{os.getpid()}")
    making.unlink(missing_ok=True)
    making.symlink_to(target.absolute())
    making.replace(path)


def _write(path: Path, text: str) -> None:
    making = path.with_name(f".{path.name}.{os.getpid()}")
    making.write_text(text)
    making.chmod(0o755)
    making.replace(path)
