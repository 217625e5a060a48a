"""Users and roles as etcd keeps them (``server/auth/store.go``), with one call after the other."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from components.access.desired import Access, KeyRange
from components.etcd.admin import ChangeRefusedError


class KilledError(Exception):
    """The run ends here."""


class FakeAuth:
    """The service ``Auth`` of etcd."""

    def __init__(self) -> None:
        self.enabled = False
        self.users: dict[str, list[str]] = {}
        self.roles: dict[str, list[tuple[KeyRange, Access]]] = {}
        self.changes: list[str] = []
        self.calls_left = 1 << 30

    async def change(self, method: str, fields: Mapping[str, Any]) -> Any:
        name = method.removeprefix("Auth/")
        if not name.endswith(("Status", "List", "Get")):
            if self.calls_left == 0:
                raise KilledError
            self.calls_left -= 1
            self.changes.append(name)
        return getattr(self, name)(**fields)

    def allowed(self, user: str, key: bytes) -> Access:
        """What a user may do with a key while authentication is on."""
        found = Access(0)
        for role in self.users.get(user, ()):
            if role == "root":
                return Access.READ | Access.WRITE
            for keys, access in self.roles.get(role, ()):
                inside = keys.key <= key and (keys.end == b"\0" or key < keys.end)
                if inside if keys.end else key == keys.key:
                    found |= access
        return found

    def AuthStatus(self) -> Any:  # noqa: N802
        return SimpleNamespace(enabled=self.enabled)

    def AuthEnable(self) -> None:  # noqa: N802
        _check("root" in self.users.get("root", ()), "root user does not exist")
        self.enabled = True

    def UserList(self) -> Any:  # noqa: N802
        return SimpleNamespace(users=sorted(self.users))

    def UserGet(self, name: str) -> Any:  # noqa: N802
        _check(name in self.users, "user name not found")
        return SimpleNamespace(roles=self.users[name])

    def UserAdd(self, name: str, options: Mapping[str, bool]) -> None:  # noqa: N802
        assert options == {"no_password": True}
        _check(name not in self.users, "user name already exists")
        self.users[name] = []

    def UserDelete(self, name: str) -> None:  # noqa: N802
        _check(name in self.users and not (self.enabled and name == "root"), "invalid auth management")
        del self.users[name]

    def UserGrantRole(self, user: str, role: str) -> None:  # noqa: N802
        _check(user in self.users and (role == "root" or role in self.roles), "not found")
        if role not in self.users[user]:
            self.users[user].append(role)

    def UserRevokeRole(self, name: str, role: str) -> None:  # noqa: N802
        _check(role in self.users.get(name, ()), "role is not granted to the user")
        _check((self.enabled, name, role) != (True, "root", "root"), "invalid auth management")
        self.users[name].remove(role)

    def RoleList(self) -> Any:  # noqa: N802
        return SimpleNamespace(roles=sorted(self.roles))

    def RoleGet(self, role: str) -> Any:  # noqa: N802
        _check(role in self.roles, "role name not found")
        perm = [
            SimpleNamespace(key=keys.key, range_end=keys.end, permType=access.number)
            for keys, access in self.roles[role]
        ]
        return SimpleNamespace(perm=perm)

    def RoleAdd(self, name: str) -> None:  # noqa: N802
        _check(name not in self.roles, "role name already exists")
        self.roles[name] = []

    def RoleDelete(self, role: str) -> None:  # noqa: N802
        _check(role in self.roles, "role name not found")
        del self.roles[role]
        for roles in self.users.values():
            if role in roles:
                roles.remove(role)

    def RoleGrantPermission(self, name: str, perm: Mapping[str, Any]) -> None:  # noqa: N802
        _check(name in self.roles, "role name not found")
        held = self.roles[name]
        keys, access = KeyRange(perm["key"], perm["range_end"]), Access(perm["permType"] + 1)
        # etcd compares only the first permission with this key.
        first = next((at for at, (range_, _) in enumerate(held) if range_.key >= keys.key), len(held))
        if first < len(held) and held[first][0] == keys:
            held[first] = (keys, access)
        else:
            held.append((keys, access))
            held.sort(key=lambda one: one[0].key)

    def RoleRevokePermission(self, role: str, key: bytes, range_end: bytes) -> None:  # noqa: N802
        kept = [one for one in self.roles.get(role, ()) if one[0] != KeyRange(key, range_end)]
        _check(len(kept) < len(self.roles.get(role, ())), "permission is not granted to the role")
        self.roles[role] = kept


def _check(allowed: object, text: str) -> None:
    if not allowed:
        raise ChangeRefusedError(f"etcdserver: {text}")
