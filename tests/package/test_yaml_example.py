"""The program in YAML of the examples, with the commands that its page names, on the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from localcloud.toolchain.commands import YAML, needed_plugins
from localcloud.toolchain.yaml_language_host import install_yaml_language_host
from tests.localcloud.engine_project import Project

from .conftest import CHECKOUT

EXAMPLE = CHECKOUT / "examples/yaml/Pulumi.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The example before `pulumi package add`, with a wrong size."""
    project = Project(tmp_path, "")
    project.install(*(plugin for plugin in needed_plugins() if plugin != YAML))
    install_yaml_language_host(project.home)
    program = yaml.safe_load(EXAMPLE.read_text())
    del program["packages"]
    program["resources"]["cluster"]["properties"]["members"]["size"] = 4
    (project.folder / "__main__.py").unlink()
    (project.folder / "Pulumi.yaml").write_text(yaml.safe_dump(program))
    project.pulumi("stack", "init", "yaml")
    for key in ("discoveryToken", "digitalocean:token", "cloudflare:apiToken"):
        project.pulumi("config", "set", "--secret", key, f"a {key} of nobody")
    return project


def test_an_added_package_constructs_the_example_without_a_warning(project: Project) -> None:
    project.pulumi("package", "add", str(CHECKOUT / "plugin"))
    added = yaml.safe_load((project.folder / "Pulumi.yaml").read_text())
    assert added["packages"] == {"etcd": str(CHECKOUT / "plugin")}
    shown = project.pulumi("preview", succeeds=False)
    assert "args.members.size is 4: " in shown
    assert "warning" not in shown.lower()
