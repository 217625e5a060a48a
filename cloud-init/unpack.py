"""Write the files of both archives, which lie beside this script, to their places on the droplet."""

import bz2
import os
from pathlib import Path

HERE = Path(__file__).resolve().parent


def read(archive: str) -> str:
    """Decompress an archive. Eleven characters are nine bytes: components/userdata/base94.py."""
    text = (HERE / f"{archive}.bz2.b94").read_bytes()
    groups = [text[start : start + 11] for start in range(0, len(text), 11)]
    numbers = [sum((digit - 33) * 94**place for place, digit in enumerate(group)) for group in groups]
    return bz2.decompress(b"".join(number.to_bytes(9, "big") for number in numbers)).decode("latin-1")


os.umask(0o022)
# The code that writes the files is compressed as well.
code, node = read("node").split("\0", 1)
(HERE / "unpack_files.py").write_text(code)
from unpack_files import write_files  # noqa: E402

for text in (node, read("member")):
    write_files(text, HERE.parents[1])
