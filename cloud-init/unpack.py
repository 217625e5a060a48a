"""Write the files of the archive, which lies beside this script, to their places on the droplet."""

import bz2
import json
import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

os.umask(0o022)
# Eleven characters are nine bytes: components/userdata/base94.py.
text = (HERE / "etcd_node.json.bz2.b94").read_bytes()
groups = [text[start : start + 11] for start in range(0, len(text), 11)]
numbers = [sum((digit - 33) * 94**place for place, digit in enumerate(group)) for group in groups]
packed = b"".join(number.to_bytes(9, "big") for number in numbers)
# Words, and JSON in which codes stand for them: components/userdata/packing.py.
*words, coded = bz2.decompress(packed).decode("latin-1").split("\n")
for path, content in json.loads(coded.translate(dict(enumerate(words, 128)))).items():
    file = ROOT / path
    file.parent.mkdir(parents=True, exist_ok=True)
    # An interrupted boot leaves whole files only. The next boot writes all of them again.
    temporary = file.with_name(f".{file.name}.new")
    temporary.write_text(content, encoding="utf-8")
    temporary.chmod(0o755 if content.startswith("#!") else 0o644)
    temporary.replace(file)
