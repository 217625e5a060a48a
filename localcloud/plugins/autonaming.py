"""Automatic names of resources without a name, generated like Pulumi's bridged providers do.

Source: https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from enum import Enum
from typing import Any

from localcloud.plugins.values import Properties

_SUFFIX_LENGTH = 7
DEFAULTS = "__defaults"
"""The input that lists the inputs that the provider filled in."""


class Mode(Enum):
    """The engine's ``pulumi:autonaming`` configuration for one resource."""

    PROPOSE = 0
    ENFORCE = 1
    DISABLE = 2


@dataclass(frozen=True)
class Naming:
    """The facts from which a resource's automatic name follows."""

    logical_name: str
    seed: bytes = b""
    """A seed that is the same in a run's preview and update, so that their names agree; empty means random."""
    mode: Mode | None = None
    """The configured mode; ``None`` without a configuration."""
    proposed: str = ""

    def name(self, old_inputs: Properties) -> str | None:
        """Return the automatic name: a former automatic name is kept; ``None`` if automatic names are disabled."""
        if self.mode is Mode.DISABLE:
            return None
        former: Any = old_inputs.get("name")
        if former and "name" in old_inputs.get(DEFAULTS, []):
            return former
        if self.mode is not None and self.proposed:
            return self.proposed
        suffix = hashlib.sha256(self.seed).hexdigest() if self.seed else secrets.token_hex(_SUFFIX_LENGTH)
        return f"{self.logical_name}-{suffix[:_SUFFIX_LENGTH]}"
