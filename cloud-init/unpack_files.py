"""Write the files of an archive. Codes stand for words, indentation and PEM: components/userdata/archive.py."""

from __future__ import annotations

import base64
import re
import shutil
from pathlib import Path

HEXADECIMAL = str.maketrans(":;<=>?", "abcdef")


def write_files(archive: str, root: Path) -> None:
    """Write each file of an archive below ``root``, with its permissions and owner."""
    words, *coded = archive.split("\0")
    parts = [part.translate(dict(enumerate(words.split("\n"), 128))) for part in coded]
    for head, content in zip(parts[::2], parts[1::2], strict=True):
        permissions, owner, path = head.split(" ")
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        # An interrupted boot leaves whole files only. The next boot writes all of them again.
        temporary = file.with_name(f".{file.name}.new")
        temporary.touch(0o600)
        temporary.write_text(decoded(content))
        shutil.chown(temporary, owner, owner)
        temporary.chmod(int(permissions, 8))
        temporary.replace(file)


def decoded(content: str) -> str:
    """A file's text, with its indentation and PEM blocks."""
    lines: list[str] = []
    depth = 0
    for coded in content.split("\n"):
        code, line = (coded[0], coded[1:]) if "\0" < coded[:1] < " " else ("\x14", coded)
        depth += ord(code) - 20
        if line[:1] == "\x7f":
            digits = base64.b64encode(bytes.fromhex(line[1:].translate(HEXADECIMAL)))
            line = re.sub("(.{64})(?=.)", r"\1\n", digits.decode())
        lines.append("    " * depth * bool(line) + line)
    return "\n".join(lines)
