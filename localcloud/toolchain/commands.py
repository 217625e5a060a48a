"""The commands that work in a local cloud's shell, and the plugins that its Pulumi engine finds.

What the user has wins over a stand-in. Plugins are put into a Pulumi home of the local cloud's own: the
engine warns of each plugin that it finds on PATH instead, and the user's own home is neither used nor changed.
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
"""The second line of every stand-in: it is not mistaken for a real plugin when its folder is on PATH."""

PROVIDERS = ("cloudflare", "digitalocean", "tls")
"""The providers that the program uses, each with a Python SDK ``pulumi-<name>`` and a stand-in."""


@dataclass(frozen=True)
class Plugin:
    """A plugin that the engine looks for."""

    kind: str
    """``language`` or ``resource``."""
    name: str
    """For example ``python`` or ``digitalocean``."""
    version: str
    """The version that the SDK asks for."""
    module: str
    """The Python module of the stand-in."""

    @property
    def executable(self) -> str:
        """The name of the plugin's program."""
        return f"pulumi-{self.kind}-{self.name}"


def ensure_commands(directory: Path, pulumi_home: Path) -> None:
    """Fill ``directory``, to be first on PATH, and ``pulumi_home``, to be ``PULUMI_HOME``.

    ``directory`` gets ``pulumi``, ``etcdctl`` and ``etcdutl``; ``pulumi_home`` gets the language host and the
    provider plugins: the user's, from PATH or from the plugin folder of the user's own Pulumi home, and
    stand-ins for the others. Builds what is missing; can be repeated.
    """
    directory.mkdir(parents=True, exist_ok=True)
    binaries = ensure_release().binaries
    _link(directory / "pulumi", ensure_engine())
    for name in ("etcdctl", "etcdutl"):
        _link(directory / name, binaries / name)
    plugins = pulumi_home / "plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    for plugin in needed_plugins():
        _install(plugins, plugin, users_plugin(plugin))


def needed_plugins() -> list[Plugin]:
    """Return the plugins that the program needs."""
    providers = [
        Plugin("resource", name, metadata.version(f"pulumi-{name}"), f"localcloud.plugins.{name}")
        for name in PROVIDERS
    ]
    return [Plugin("language", "python", ENGINE_VERSION, "localcloud.plugins.language_host"), *providers]


def users_plugin(plugin: Plugin) -> Path | None:
    """Return the program of a real plugin, if the user has one that will do.

    One on PATH does, as it does for the engine. One in the plugin folder does when it has the SDK's major
    version; the newest is taken. The language host goes with the engine: an old engine's one is left alone.
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


def _install(plugins: Path, plugin: Plugin, real: Path | None) -> None:
    # Named by the version that the SDK asks for: the engine would not take an older one of the same major
    # version from a folder, though it takes one of any version from PATH.
    folder = plugins / f"{plugin.kind}-{plugin.name}-v{plugin.version}"
    for other in plugins.glob(f"{plugin.kind}-{plugin.name}-v*"):
        if other.is_dir() and other != folder:
            shutil.rmtree(other)
    folder.mkdir(exist_ok=True)
    program = folder / plugin.executable
    if real:
        _link(program, real)
    else:
        _write(program, stand_in(plugin))


def stand_in(plugin: Plugin) -> str:
    """Return the program of a stand-in: it runs on this very interpreter, whatever is on PATH."""
    # Bytecode is written even where the environment says otherwise: a plugin is started many times.
    # -P: a program's own folder must not hide the standard library's modules.
    python = shlex.quote(sys.executable)
    launcher = shlex.quote(os.fspath(Path(__file__).parents[1] / "plugins" / "launcher.py"))
    forked = f'[ -S "${{{SOCKET}-}}" ] && exec {python} -IS {launcher} {plugin.module} "$@"\n'
    return (
        "#!/bin/sh\n"
        f"{STAND_IN_MARK} for {plugin.executable}.\n"
        "unset PYTHONDONTWRITEBYTECODE\n"
        f"{forked if plugin.kind == 'resource' else ''}"
        f'exec {python} -uP -m {plugin.module} "$@"\n'
    )


def _link(path: Path, target: Path) -> None:
    # In a local cloud's own shell, what is found on PATH is this very link.
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
