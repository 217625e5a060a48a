"""A running cluster that a program in YAML creates, by the package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.yaml_program import write_yaml_program
from tests.lifecycle.live import Live


class YamlLive(Live):
    """A stack like one of the program: its cluster has the same names, and is configured by the same keys."""

    def use_program(self, source: Path) -> None:
        """Do nothing: the file of the project is the whole program."""

    def configure(self, **changes: Any) -> None:
        """Set settings by their keys in ``pulumi config``; ``None`` removes one. The program has them as arguments."""
        super().configure(**changes)
        write_yaml_program(self.folder, self.stack, self._document)
