"""Run a step of the package ``prepare_cluster``, which cloud-init leaves packed beside this file."""

import os
import runpy
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE / "prepare_cluster"


def unpack() -> None:
    """Unpack the package in one step, so that it is whole or not there."""
    import shutil  # noqa: PLC0415
    import tarfile  # noqa: PLC0415  # needed once in a droplet's life

    temporary = HERE / f".prepare_cluster.{os.getpid()}"
    with tarfile.open(HERE / "prepare_cluster.tar.bz2") as archive:
        archive.extractall(temporary, filter="data")
    try:
        (temporary / PACKAGE.name).rename(PACKAGE)
    except OSError:
        # Another unit of the first boot was quicker.
        if not PACKAGE.exists():
            raise
    shutil.rmtree(temporary)


if not PACKAGE.exists():
    unpack()
sys.path.insert(0, str(HERE))
runpy.run_module(PACKAGE.name, run_name="__main__")
