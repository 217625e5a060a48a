"""Run a step of the package ``etcd_node``, which cloud-init leaves packed beside this file with what it imports."""

import os
import runpy
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE / "etcd_node"
SHARED = HERE / "components"


def unpack() -> None:
    """Unpack both packages. ``etcd_node`` comes last and in one step, so where it exists, all is complete."""
    # Needed once in a droplet's life.
    import base64  # noqa: PLC0415
    import bz2  # noqa: PLC0415
    import json  # noqa: PLC0415
    import shutil  # noqa: PLC0415

    temporary = HERE / f".etcd_node.{os.getpid()}"
    packed = base64.b85decode((HERE / "etcd_node.json.bz2.b85").read_bytes())
    # For every unit, whichever of them it is that unpacks: some run as another user, and some have a stricter mask.
    mask = os.umask(0o022)
    for name, source in json.loads(bz2.decompress(packed)).items():
        (temporary / name).parent.mkdir(parents=True, exist_ok=True)
        (temporary / name).write_text(source, encoding="utf-8")
    os.umask(mask)
    for package in (SHARED, PACKAGE):
        try:
            (temporary / package.name).rename(package)
        except OSError:
            # Another unit of the first boot was quicker.
            if not package.exists():
                raise
    shutil.rmtree(temporary)


if not PACKAGE.exists():
    unpack()
sys.path.insert(0, str(HERE))
runpy.run_module(PACKAGE.name, run_name="__main__")
