"""The modules of the checkout that a process has loaded, although it does not run their program yet."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Mapping
from importlib.machinery import PathFinder
from pathlib import Path


class CheckoutModules:
    """The imported modules that are neither installed nor the local cloud's.

    A program may have modules of the same names, so it gets only those that its own import statements would find.
    """

    def __init__(self) -> None:
        installed = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
        self._files: Mapping[str, Path] = {
            name: Path(file)
            for name, module in [*sys.modules.items()]
            if (file := getattr(module, "__file__", None))
            and not file.startswith(installed)
            and _package(name) not in ("__main__", "localcloud")
        }

    def files(self) -> list[Path]:
        """Their source files."""
        return [*self._files.values()]

    def keep_those_of(self, program: Path) -> None:
        """Unload each package that the program in this folder does not import from the same file."""
        places = [str(program), *sys.path]
        for package in {_package(name) for name in self._files}:
            found, loaded = PathFinder.find_spec(package, places), self._files.get(package)
            kept = found and found.origin and loaded and loaded.exists() and loaded.samefile(found.origin)
            if not kept:
                self._unload(package)

    def _unload(self, package: str) -> None:
        for name in self._files:
            if _package(name) == package:
                del sys.modules[name]


def _package(module: str) -> str:
    return module.partition(".")[0]
