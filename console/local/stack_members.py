"""Which members a stack has, by its state and by the droplets that exist."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.shared.names import MEMBER_NAME, by_number, member_name
from localcloud.machines.stack import Stack

_DROPLET = "digitalocean:index/droplet:Droplet"
_STACK = "pulumi:pulumi:Stack"


@dataclass
class StackMembers:
    """The members of one stack. It remembers them while a run replaces them."""

    stack: Stack
    _changed: int = 0
    """When the state was changed last, as far as it is read."""
    _recorded: frozenset[str] = field(default_factory=frozenset[str])
    _known: frozenset[str] = field(default_factory=frozenset[str])

    def names(self, droplets: Iterable[str]) -> list[str]:
        """The members, in the order of their numbers. ``droplets`` are the names of the cluster's droplets.

        A member that is being replaced is neither in the state nor has it a droplet. So a member that was known stays
        one while it is configured.
        """
        self._read_state()
        now = self._recorded | {name for name in droplets if MEMBER_NAME.fullmatch(name)}
        # Nothing is left of a stack that was destroyed.
        missing = self._known - now if now else frozenset[str]()
        self._known = now | (missing & self._configured() if missing else missing)
        return sorted(self._known, key=by_number)

    def _configured(self) -> frozenset[str]:
        settings = self.stack.configuration()
        domain, size = settings.get("etcd:domain"), str(settings.get("etcd:size", 3))
        if not isinstance(domain, str) or not size.isdecimal():
            return frozenset()
        return frozenset(member_name(number, domain) for number in range(1, int(size) + 1))

    def _read_state(self) -> None:
        file = self.stack.checkpoint
        try:
            changed = file.stat().st_mtime_ns
            if changed == self._changed:
                return
            state: Mapping[str, Any] = json.loads(file.read_bytes())["checkpoint"]["latest"] or {}
        except FileNotFoundError:
            self._changed, self._recorded = 0, frozenset()
            return
        except (ValueError, KeyError):
            # It is being written.
            return
        self._changed = changed
        self._recorded = frozenset(_members(state.get("resources") or ()))


def _members(resources: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    outputs = [(one["type"], _outputs(one)) for one in resources]
    names = [str(values["name"]) for kind, values in outputs if kind == _DROPLET and "name" in values]
    if names:
        # The outputs are those of the last run that ended: they have a member whose droplet is being replaced.
        names += [name for kind, values in outputs if kind == _STACK for name in values.get("members") or ()]
    return [name for name in names if MEMBER_NAME.fullmatch(name)]


def _outputs(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    return resource.get("outputs") or {}
