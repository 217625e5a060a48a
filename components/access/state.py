"""Reads and changes etcd's users and roles through one member."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..config.access_settings import ROOT
from ..etcd.authentication import AuthCalls, is_enabled
from .desired import COVER_ROLES, OWN_ROLES, Access, DesiredClient, KeyRange
from .plan import AccessState, Held, Step


async def read_access(
    calls: AuthCalls, clients: Sequence[DesiredClient], recorded: frozenset[str] = frozenset()
) -> AccessState:
    """Read users and roles: the names of all, and what the program's own have. Raises ``ChangeRefusedError``.

    ``recorded`` are the clients for which the last run made users.
    """
    enabled = await is_enabled(calls)
    names = list((await calls.change("Auth/UserList", {})).users)
    roles: dict[str, Held] = {}
    for role in (await calls.change("Auth/RoleList", {})).roles:
        own = role.startswith((OWN_ROLES, COVER_ROLES))
        roles[role] = await _permissions(calls, role) if own else ()
    matter = {
        ROOT,
        *recorded,
        *(one.name for one in clients),
        *(role.removeprefix(OWN_ROLES) for role in roles),
    }
    users: dict[str, frozenset[str] | None] = {}
    for name in names:
        answer = await calls.change("Auth/UserGet", {"name": name}) if name in matter else None
        users[name] = None if answer is None else frozenset(answer.roles)
    return AccessState(enabled, users, roles, recorded)


async def _permissions(calls: AuthCalls, role: str) -> Held:
    answer = await calls.change("Auth/RoleGet", {"role": role})
    return [(KeyRange(one.key, one.range_end), Access(one.permType + 1)) for one in answer.perm]


async def apply_steps(calls: AuthCalls, steps: Sequence[Step], *, done: Callable[[Step], None]) -> None:
    """Make the steps one after the other. ``done`` is called after each. Raises ``ChangeRefusedError``."""
    for step in steps:
        await calls.change(f"Auth/{step.method}", step.fields)
        done(step)
