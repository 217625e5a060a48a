"""The members' names and addresses in ``/etc/hosts``.

Members find each other without DNS. A resolver may remember for half an hour that a new record does not exist, and
it may return the old address of a replaced member until the record's time to live ends.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from etcd_node.host.atomic_write import replace_text

BEGIN = "# begin etcd members: written by etcd-reconcile, changes are lost"
END = "# end etcd members"
_BLOCK = re.compile(rf"^{re.escape(BEGIN)}$.*?^{re.escape(END)}$\n?", re.MULTILINE | re.DOTALL)


def with_members(hosts: str, addresses: Mapping[str, str]) -> str:
    """The text of a hosts file in which the block of members is replaced, or added at the end."""
    lines = "".join(f"{address} {name}\n" for name, address in sorted(addresses.items()))
    rest = _BLOCK.sub("", hosts)
    if rest and not rest.endswith("\n"):
        rest += "\n"
    return f"{rest}{BEGIN}\n{lines}{END}\n"


def members_in(hosts: str) -> dict[str, str]:
    """Names and addresses in the block of members."""
    block = _BLOCK.search(hosts)
    lines = [] if block is None else [line.split() for line in block.group().splitlines()]
    return {words[1]: words[0] for words in lines if len(words) == 2 and not words[0].startswith("#")}


def read_members(hosts: Path) -> dict[str, str]:
    """Names and addresses of the members in a hosts file, which may not exist yet."""
    return members_in(_text(hosts))


def update_hosts(path: Path, addresses: Mapping[str, str]) -> bool:
    """Write the members' addresses into a hosts file. Returns whether the file changed."""
    before = _text(path)
    after = with_members(before, addresses)
    if after == before:
        return False
    replace_text(path, after, mode=0o644)
    return True


def _text(path: Path) -> str:
    # An operator's lines may have any bytes.
    return os.fsdecode(path.read_bytes()) if path.exists() else ""
