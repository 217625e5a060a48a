"""The commands of docs/recovery.md, run as they are written."""

from __future__ import annotations

import re
import subprocess

from localcloud.checkout import CHECKOUT
from testbed.cluster import Cluster


def commands(section: str) -> list[str]:
    """The lines of code below a heading, in order."""
    text = (CHECKOUT / "docs/recovery.md").read_text(encoding="utf-8")
    _, heading, rest = text.partition(f"\n## {section}\n")
    assert heading, f"docs/recovery.md has no section {section}"
    # Text in a list is indented by less.
    return re.findall(r"^ {4,}(\S.*)$", rest.partition("\n## ")[0], re.MULTILINE)


def command(section: str, part: str, **values: str) -> str:
    """The first command that contains ``part``, with values for the words in capitals."""
    found = next(one for one in commands(section) if part in one)
    for word, value in values.items():
        assert word in found
        found = found.replace(word, value)
    return found


def printed(said: str) -> str:
    """The command that a recovery printed."""
    (found,) = re.findall(r"^ {4}(python3 \S.*)$", said, re.MULTILINE)
    return found


def tried(drill: Cluster, member: str, script: str) -> subprocess.CompletedProcess[str]:
    """Run a command on a member as root."""
    return drill.cloud.exec(
        member, ["sh", "-c", script],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=150,
    )  # fmt: skip


def done(drill: Cluster, member: str, script: str) -> str:
    """What a command that succeeds prints."""
    result = tried(drill, member, script)
    assert result.returncode == 0, result.stdout
    return result.stdout
