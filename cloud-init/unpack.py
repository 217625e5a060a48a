"""Write the files of both archives, which lie beside this script, to their places on the droplet."""

import bz2
import os
import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

os.umask(0o022)
for archive in ("node", "member"):
    # Eleven characters are nine bytes: components/userdata/base94.py.
    characters = (HERE / f"{archive}.bz2.b94").read_bytes()
    groups = [characters[start : start + 11] for start in range(0, len(characters), 11)]
    numbers = [sum((digit - 33) * 94**place for place, digit in enumerate(group)) for group in groups]
    packed = b"".join(number.to_bytes(9, "big") for number in numbers)
    # Codes stand for words and for changes of the indentation: components/userdata/archive.py.
    words, *coded = bz2.decompress(packed).decode("latin-1").split("\0")
    parts = [part.translate(dict(enumerate(words.split("\n"), 128))) for part in coded]
    for head, content in zip(parts[::2], parts[1::2], strict=True):
        permissions, owner, path = head.split(" ")
        depth = 0
        lines = []
        for line in content.split("\n"):
            code, text = (line[0], line[1:]) if "\0" < line[:1] < " " else ("\x14", line)
            depth += ord(code) - 20
            lines.append("    " * depth * bool(text) + text)
        file = ROOT / path
        file.parent.mkdir(parents=True, exist_ok=True)
        # An interrupted boot leaves whole files only. The next boot writes all of them again.
        temporary = file.with_name(f".{file.name}.new")
        temporary.touch(0o600)
        temporary.write_text("\n".join(lines))
        shutil.chown(temporary, owner, owner)
        temporary.chmod(int(permissions, 8))
        temporary.replace(file)
