"""Write the files of both archives: components/userdata/archive.py and components/userdata/member_archive.py."""

from __future__ import annotations

import base64
import io
import lzma
import re
import shutil
from pathlib import Path


def write_files(files: list[str], root: Path) -> None:
    """Write each file below ``root``, with its permissions and owner. Heads and contents of the files alternate."""
    for head, content in zip(files[::2], files[1::2], strict=True):
        permissions, owner, path = head.split(" ")
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        # An interrupted boot leaves whole files only. The next boot writes all of them again.
        temporary = file.with_name(f".{file.name}.new")
        temporary.touch(0o600)
        temporary.write_text(content)
        shutil.chown(temporary, owner, owner)
        temporary.chmod(int(permissions, 8))
        temporary.replace(file)


def node_files(archive: bytes) -> list[str]:
    """Heads and contents in the node's archive, in which codes stand for words and for indentation."""
    words, *coded = archive.decode("latin-1").split("\0")
    codes = dict(enumerate(words.split("\n"), 128))
    return [indented(part.translate(codes)) for part in coded]


def indented(content: str) -> str:
    """A file's text, with its indentation. The code at the end of a line changes that of the next one."""
    lines: list[str] = []
    depth = 0
    for coded in content.split("\n"):
        line, code = (coded[:-1], coded[-1]) if "\0" < coded[-1:] < " " else (coded, "\x14")
        lines.append("    " * depth * bool(line) + line)
        depth += ord(code) - 20
    return "\n".join(lines)


def member_files(archive: bytes) -> list[str]:
    """Heads and contents in the member's archive. PEM blocks come as bytes after the text."""
    text, _, blocks = lzma.LZMADecompressor().decompress(archive).partition(b"\xff")
    rest = io.BytesIO(blocks)

    def lines(found: re.Match[str]) -> str:
        digits = base64.b64encode(rest.read(int(found[1]))).decode()
        return "".join(line + found[2] for line in re.findall(".{1,64}", digits))

    return re.sub("\1(\\d+)(\n|\\\\n)", lines, text.decode()).split("\0")
