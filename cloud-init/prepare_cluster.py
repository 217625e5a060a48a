"""Run one step of the package ``etcd_node``, which lies beside this script: ``prepare_cluster.py STEP``."""

import runpy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
runpy.run_module("etcd_node", run_name="__main__")
