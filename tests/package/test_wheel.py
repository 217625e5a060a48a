"""The wheel: what it holds, and that it works in an empty environment."""

from __future__ import annotations

import re
import zipfile
from importlib import metadata
from pathlib import Path

from components.userdata.render import archive_files

from .conftest import CHECKOUT, VERSION, Environment

IMPORT_ALL = """\
import importlib, pkgutil, sys
import etcd_digitalocean

for module in pkgutil.walk_packages(etcd_digitalocean.__path__, "etcd_digitalocean."):
    importlib.import_module(module.name)
print(sorted(name for name in sys.modules if name.split(".")[0] in ("components", "etcd_node", "localcloud")))
"""

NODE_ARCHIVE = """\
import hashlib
from {package}.userdata import render

print(hashlib.sha256(render._node_archive().encode()).hexdigest())
"""


def test_it_holds_the_package_and_the_droplets_files_alone(wheel: Path) -> None:
    names = [Path(name) for name in zipfile.ZipFile(wheel).namelist()]
    assert {name.parts[0] for name in names} == {
        "etcd_digitalocean",
        f"etcd_digitalocean-{VERSION}.dist-info",
    }
    assert Path("etcd_digitalocean/py.typed") in names
    assert not [name for name in names if name.suffix == ".pyc"]
    held = {name.relative_to("etcd_digitalocean") for name in names if name.parts[0] == "etcd_digitalocean"}
    for file in archive_files().values():
        inside = file.relative_to(CHECKOUT)
        assert (inside.relative_to("components") if inside.parts[0] == "components" else inside) in held


def test_every_module_can_be_imported(installed: Environment) -> None:
    assert installed.run(installed.python, "-c", IMPORT_ALL) == "[]\n"


def test_droplets_get_the_same_files_as_from_a_checkout(installed: Environment) -> None:
    of_wheel = installed.run(installed.python, "-c", NODE_ARCHIVE.format(package="etcd_digitalocean"))
    of_checkout = Environment(CHECKOUT).run(
        CHECKOUT / ".venv/bin/python", "-c", NODE_ARCHIVE.format(package="components")
    )
    assert of_wheel == of_checkout


def test_callers_import_the_cluster_from_the_package(installed: Environment) -> None:
    program = "from etcd_digitalocean import EtcdCluster, EtcdClusterArgs; print(EtcdCluster.__module__)"
    assert installed.run(installed.python, "-c", program) == "etcd_digitalocean.cluster\n"


def test_a_plugin_gets_the_locked_versions() -> None:
    pinned = dict(re.findall(r"^([\w-]+)==(.+)$", (CHECKOUT / "plugin/requirements.txt").read_text(), re.M))
    assert pinned == {name: metadata.version(name) for name in pinned}
    assert set(pinned) == {"pulumi", "pulumi-cloudflare", "pulumi-digitalocean", "pulumi-tls"}
