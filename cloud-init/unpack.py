"""Write the files of the archive, which lies beside this script, to their places on the droplet."""

import base64
import bz2
import json
import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

os.umask(0o022)
packed = base64.b85decode((HERE / "etcd_node.json.bz2.b85").read_bytes())
for path, text in json.loads(bz2.decompress(packed)).items():
    file = ROOT / path
    file.parent.mkdir(parents=True, exist_ok=True)
    # An interrupted boot leaves whole files only. The next boot writes all of them again.
    temporary = file.with_name(f".{file.name}.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.chmod(0o755 if text.startswith("#!") else 0o644)
    temporary.replace(file)
