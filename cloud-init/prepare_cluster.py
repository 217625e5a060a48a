"""Run a step of the package ``etcd_node``, which cloud-init leaves packed beside this file."""

import os
import runpy
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE / "etcd_node"


def unpack() -> None:
    """Unpack the package in one step, so that it is whole or not there."""
    # Needed once in a droplet's life.
    import base64  # noqa: PLC0415
    import bz2  # noqa: PLC0415
    import json  # noqa: PLC0415
    import shutil  # noqa: PLC0415

    temporary = HERE / f".etcd_node.{os.getpid()}"
    packed = base64.b85decode((HERE / "etcd_node.json.bz2.b85").read_bytes())
    # For every unit, whichever of them it is that unpacks: some run as another user, and some have a stricter mask.
    mask = os.umask(0o022)
    temporary.mkdir()
    for name, source in json.loads(bz2.decompress(packed)).items():
        (temporary / name).parent.mkdir(exist_ok=True)
        (temporary / name).write_text(source, encoding="utf-8")
    os.umask(mask)
    try:
        temporary.rename(PACKAGE)
    except OSError:
        # Another unit of the first boot was quicker.
        if not PACKAGE.exists():
            raise
        shutil.rmtree(temporary)


if not PACKAGE.exists():
    unpack()
sys.path.insert(0, str(HERE))
runpy.run_module(PACKAGE.name, run_name="__main__")
