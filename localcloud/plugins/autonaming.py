"""Names for resources whose program gives none, as Pulumi's bridged providers make them.

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
"""The input that lists which inputs the provider filled in."""


class Mode(Enum):
    """The engine's ``pulumi:autonaming`` configuration for one resource."""

    PROPOSE = 0
    ENFORCE = 1
    DISABLE = 2


@dataclass(frozen=True)
class Naming:
    """What decides a resource's automatic name."""

    logical_name: str
    seed: bytes = b""
    """The same within one run, so that its preview and its update agree; empty means random."""
    mode: Mode | None = None
    """``None`` when the user configured nothing."""
    proposed: str = ""

    def name(self, old_inputs: Properties) -> str | None:
        """The automatic name: the former one if that was automatic, too; ``None`` where names are to be given."""
        if self.mode is Mode.DISABLE:
            return None
        former: Any = old_inputs.get("name")
        if former and "name" in old_inputs.get(DEFAULTS, []):
            return former
        if self.mode is not None and self.proposed:
            return self.proposed
        suffix = hashlib.sha256(self.seed).hexdigest() if self.seed else secrets.token_hex(_SUFFIX_LENGTH)
        return f"{self.logical_name}-{suffix[:_SUFFIX_LENGTH]}"
