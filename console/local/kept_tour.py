"""Keeps the tour in the stack's folder of the console, so that a restart of the console does not lose it."""

from __future__ import annotations

import logging
from pathlib import Path

from pydantic import ValidationError

from console.view.tour import Tour
from localcloud.machines.files import replace

log = logging.getLogger(__name__)

NAME = "tour.json"


class KeptTour:
    """The file of a stack's tour. It is removed with the state of the local cloud."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / NAME
        self._written: Tour | None = None

    def read(self) -> Tour | None:
        """The tour as it was kept; ``None`` if there is none that this version knows."""
        try:
            self._written = Tour.model_validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            return None
        return self._written

    def keep(self, tour: Tour) -> None:
        """Write the tour if it has changed. A file that cannot be written is no reason to show nothing."""
        if tour == self._written:
            return
        self._written = tour
        try:
            replace(self._file, tour.model_dump_json(), mode=0o600)
        except OSError as error:
            log.warning("the tour is not kept: %s", error)
