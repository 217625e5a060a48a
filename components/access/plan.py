"""The steps from the users and roles that etcd has to those that the settings ask for. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..config.access_settings import ROOT
from .desired import COVER_ROLES, OWN_ROLES, Access, DesiredClient, Grants, KeyRange

Held = Sequence[tuple[KeyRange, Access]]
"""The permissions of a role in etcd, which may have one range several times."""


@dataclass(frozen=True)
class AccessState:
    """What etcd has."""

    enabled: bool
    """Whether authentication is on."""
    users: Mapping[str, frozenset[str] | None]
    """Roles by user. ``None`` for a user whose roles do not matter."""
    roles: Mapping[str, Held]
    """Permissions by role. Those of foreign roles are not read."""
    recorded: frozenset[str] = frozenset()
    """The clients for which the last run that ended well made users."""

    def owned(self, name: str) -> bool:
        """Whether a client's user is the program's, or is not there yet.

        A recorded client's user is, even if somebody took its role away. The program adds the role first and grants it
        last. So a user with no role, beside that role, is one that an interrupted run has added.
        """
        if name not in self.users or name in self.recorded:
            return True
        return OWN_ROLES + name in self.roles and (
            not (roles := self.users[name] or ()) or OWN_ROLES + name in roles
        )

    @property
    def own_names(self) -> list[str]:
        """The clients of the program, those of earlier settings included."""
        marked = {role.removeprefix(OWN_ROLES) for role in self.roles if role.startswith(OWN_ROLES)}
        return sorted(marked | (self.recorded & self.users.keys()))

    @property
    def foreign_users(self) -> list[str]:
        """Users that the program did not make."""
        own = {name for name in self.own_names if self.owned(name)}
        return sorted(self.users.keys() - own - {ROOT})

    @property
    def foreign_roles(self) -> list[str]:
        """Roles that the program did not make."""
        return sorted(
            role for role in self.roles if role != ROOT and not role.startswith((OWN_ROLES, COVER_ROLES))
        )


@dataclass(frozen=True)
class Step:
    """One change: a call of etcd's service ``Auth``."""

    method: str
    fields: Mapping[str, Any]
    text: str
    """What it does, in the imperative."""


ENABLE = Step("AuthEnable", {}, "switch authentication on")


def foreign_clients(state: AccessState, clients: Sequence[DesiredClient]) -> list[str]:
    """The configured clients whose users are somebody else's."""
    return [one.name for one in clients if not state.owned(one.name)]


def access_steps(state: AccessState, clients: Sequence[DesiredClient]) -> list[Step]:
    """What leads to the configured users and roles, and then to authentication.

    While authentication is on, the steps grant first and revoke last, so no client loses meanwhile what it has before
    and after them. While it is off, permissions have no effect, so it is switched on last of all.

    No client may have a foreign user.
    """
    return [
        *_grants(state, clients),
        *_revocations(state, clients),
        *([] if state.enabled else [ENABLE]),
    ]


def _grants(state: AccessState, clients: Sequence[DesiredClient]) -> Iterator[Step]:
    yield from _user(state, ROOT, [ROOT])
    for one in clients:
        held = state.roles.get(one.role)
        if held is None:
            yield Step("RoleAdd", {"name": one.role}, f"add the role {one.role}")
        missing = {keys: access for keys, access in one.grants.items() if keys not in dict(held or ())}
        yield from _granted(one.role, missing)
        roles = [one.role, *([ROOT] if one.root else [])]
        if one.name in state.users and _wrong(one, held or ()):
            yield from _cover(state, one)
            roles.append(one.cover)
        yield from _user(state, one.name, roles)


def _cover(state: AccessState, one: DesiredClient) -> Iterator[Step]:
    """Give a client a second role with its permissions while the first one changes.

    etcd does not change a permission reliably: where two ranges of a role begin with the same key, it may add a second
    permission for one range (``RoleGrantPermission`` in etcd ``server/auth/store.go``).
    """
    held = state.roles.get(one.cover)
    if held is None:
        yield Step("RoleAdd", {"name": one.cover}, f"add the role {one.cover} for the time of the change")
    yield from _granted(
        one.cover,
        {keys: access for keys, access in one.grants.items() if access & ~_allowed(held or (), keys)},
    )


def _user(state: AccessState, name: str, roles: Sequence[str]) -> Iterator[Step]:
    if name not in state.users:
        fields = {"name": name, "options": {"no_password": True}}
        yield Step("UserAdd", fields, f"add the user {name}, without password")
    has = state.users.get(name) or ()
    for role in roles:
        if role not in has:
            yield Step(
                "UserGrantRole", {"user": name, "role": role}, f"grant the role {role} to the user {name}"
            )


def _granted(role: str, grants: Grants) -> Iterator[Step]:
    for keys, access in grants.items():
        fields = {"permType": access.number, "key": keys.key, "range_end": keys.end}
        text = f"grant {access.word} of {keys} to the role {role}"
        yield Step("RoleGrantPermission", {"name": role, "perm": fields}, text)


def _revoked(role: str, ranges: Sequence[KeyRange]) -> Iterator[Step]:
    for keys in ranges:
        fields = {"role": role, "key": keys.key, "range_end": keys.end}
        yield Step("RoleRevokePermission", fields, f"revoke {keys} from the role {role}")


def _revocations(state: AccessState, clients: Sequence[DesiredClient]) -> Iterator[Step]:
    for one in clients:
        held = state.roles.get(one.role, ())
        for keys in _wrong(one, held):
            yield from _revoked(one.role, [keys])
            yield from _granted(one.role, {keys: one.grants[keys]})
        yield from _revoked(one.role, sorted(dict(held).keys() - one.grants.keys()))
        wanted = {one.role, one.cover, *([ROOT] if one.root else [])}
        for role in sorted((state.users.get(one.name) or frozenset()) - wanted):
            fields = {"name": one.name, "role": role}
            yield Step("UserRevokeRole", fields, f"revoke the role {role} from the user {one.name}")
    for name in state.own_names:
        if name not in {one.name for one in clients}:
            yield from _removal(state, name)
    covers = {role for role in state.roles if role.startswith(COVER_ROLES)}
    covers |= {
        one.cover for one in clients if one.name in state.users and _wrong(one, state.roles.get(one.role, ()))
    }
    for role in sorted(covers):
        yield Step("RoleDelete", {"role": role}, f"delete the role {role}")


def removals(state: AccessState, configured: Collection[str]) -> list[Step]:
    """The steps that revoke the program's clients that are not configured any more."""
    return [step for name in state.own_names if name not in configured for step in _removal(state, name)]


def _removal(state: AccessState, name: str) -> Iterator[Step]:
    if name in state.users and state.owned(name):
        yield Step("UserDelete", {"name": name}, f"delete the user {name}")
    if (role := OWN_ROLES + name) in state.roles:
        yield Step("RoleDelete", {"role": role}, f"delete the role {role}")


def _wrong(one: DesiredClient, held: Held) -> list[KeyRange]:
    """The configured ranges that the client's role has with another access, or more than once."""
    return [
        keys
        for keys, access in one.grants.items()
        if (found := [has for range_, has in held if range_ == keys]) and found != [access]
    ]


def _allowed(held: Held, keys: KeyRange) -> Access:
    allowed = Access(0)
    for range_, access in held:
        if range_ == keys:
            allowed |= access
    return allowed
