"""Write the files of both archives, which lie beside this script, to their places on the droplet."""

import bz2
import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The bytes in the order of their codes: components/userdata/archive.py.
ORDER = bytes(dict.fromkeys([*range(33), *b"({[,:=>/._-\"'})]", *range(256)]))


def read(archive: str) -> bytes:
    """The bytes of an archive. Eleven characters are nine bytes: components/userdata/base94.py."""
    text = (HERE / f"{archive}.b94").read_bytes()
    groups = [text[start : start + 11] for start in range(0, len(text), 11)]
    numbers = [sum((digit - 33) * 94**place for place, digit in enumerate(group)) for group in groups]
    return b"".join(number.to_bytes(9, "big") for number in numbers)


os.umask(0o022)
# The code that writes the files is compressed as well.
code, node = bz2.decompress(read("node.bz2"))[::-1].translate(ORDER).split(b"\0", 1)
(HERE / "unpack_files.py").write_bytes(code)
from unpack_files import member_files, node_files, write_files  # noqa: E402

for files in (node_files(node), member_files(read("member.lzma"))):
    write_files(files, HERE.parents[1])
