"""The plugin by which programs in other languages use the cluster, on the real engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import pytest
import yaml

from localcloud.toolchain.commands import needed_plugins
from tests.localcloud.engine_project import HOST, Project

from .conftest import CHECKOUT, Schema

CLUSTER = "etcd:index:EtcdCluster"


WRONG = """\
import pulumi


class Cluster(pulumi.ComponentResource):
    def __init__(self, name: str, **inputs: object) -> None:
        super().__init__("etcd:index:EtcdCluster", name, {**inputs, "endpoints": None}, remote=True)


Cluster(
    "store",
    members={"size": 4, "volumeSize": 0, "dropletsize": "s-2vcpu-2gb"},
    network={"clientCidrs": ["198.51.100.7/32"]},
    dns={"domain": "etcd.example.com"},
    etcd={"quotaGib": 65},
    tls=3,
    access={
        "discoveryToken": pulumi.Output.secret("a token"),
        "auth": True,
        "clients": [
            {"name": "root"},
            {"name": "shop", "permissions": [{"access": "read", "key": "/b", "rangeEnd": "/a", "prefx": "/"}]},
        ],
    },
)
"""
"""A program whose arguments are wrong, as one in another language sends them."""


OPTIONS = """\
import pulumi

parent = pulumi.ComponentResource("shop:index:Shop", "shop", None, pulumi.ResourceOptions(retain_on_delete=True))
pulumi.ComponentResource(
    "etcd:index:EtcdCluster",
    "store",
    {"network": {}, "dns": {}, "access": {}},
    pulumi.ResourceOptions(
        parent=parent,
        custom_timeouts=pulumi.CustomTimeouts(create="1h"),
        deleted_with=parent,
        additional_secret_outputs=["endpoints"],
    ),
    remote=True,
)
"""
"""A program with options that the cluster refuses. It inherits one of them."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that has added the plugin of the checkout."""
    project = Project(tmp_path_factory.mktemp("caller"), WRONG)
    project.install(*(plugin for plugin in needed_plugins() if plugin != HOST))
    described = (project.folder / "Pulumi.yaml").read_text()
    (project.folder / "Pulumi.yaml").write_text(f"{described}packages:\n  etcd: {CHECKOUT / 'plugin'}\n")
    return project


def unknown_names(schema: Schema, properties: Schema, given: Any, path: str) -> list[str]:
    """The names in an example that the schema does not have, each with its path."""
    found: list[str] = []
    for name, value in given.items():
        known = properties.get(name)
        if known is None:
            found.append(f"{path}{name}")
        elif reference := known.get("$ref") or known.get("items", {}).get("$ref"):
            inner = schema["types"][reference.removeprefix("#/types/")]["properties"]
            for one in value if isinstance(value, list) else [value]:
                found += unknown_names(schema, inner, one, f"{path}{name}.")
    return found


def test_the_schema_has_the_cluster_as_its_one_component(schema: Schema) -> None:
    assert schema["name"] == "etcd"
    assert set(schema["resources"]) == {CLUSTER}
    assert schema["resources"][CLUSTER]["isComponent"]


def test_the_schema_has_the_version_in_the_form_of_the_engine(schema: Schema) -> None:
    installed = metadata.version("etcd-digitalocean")
    assert schema["version"] == installed.replace(".dev", "-dev.")
    assert re.fullmatch(r"\d+\.\d+\.\d+(-[a-z]+\.\d+)?", schema["version"])


def descriptions(part: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """All descriptions in a part of the schema, each with its path."""
    match part:
        case {**members}:
            for name, member in members.items():
                if name == "description" and isinstance(member, str):
                    yield path, member
                else:
                    yield from descriptions(member, f"{path}.{name}")
        case [*elements]:
            for element in elements:
                yield from descriptions(element, path)


def test_descriptions_are_markdown_without_the_indentation_of_python(schema: Schema) -> None:
    found = dict(descriptions(schema))
    assert [path for path, text in found.items() if re.search(r"\n {4}", text)] == []
    assert "\n- for each member, a droplet, certificates, " in found[f".resources.{CLUSTER}"]
    assert "\n  certificate, those of the program" in found[f".resources.{CLUSTER}"]


def test_an_element_does_not_repeat_the_description_of_its_list(schema: Schema) -> None:
    of_elements = (".items", ".additionalProperties")
    assert [path for path, _ in descriptions(schema) if path.endswith(of_elements)] == []


@pytest.mark.parametrize("example", ["yaml", "local-cloud"])
def test_the_yaml_examples_use_names_of_the_schema(schema: Schema, example: str) -> None:
    program = yaml.safe_load((CHECKOUT / "examples" / example / "Pulumi.yaml").read_text())
    ((name, cluster),) = program["resources"].items()
    resource = schema["resources"][CLUSTER]
    assert unknown_names(schema, resource["inputProperties"], cluster["properties"], "") == []
    assert set(resource["requiredInputs"]) <= set(cluster["properties"])
    for output in program["outputs"].values():
        assert output.removeprefix(f"${{{name}.").removesuffix("}") in resource["properties"]


def test_wrong_arguments_are_named_at_once_and_without_our_traceback(project: Project) -> None:
    project.environment["DIGITALOCEAN_TOKEN"] = "a token of nobody"
    shown = project.up(succeeds=False)
    assert "args.members.size is 4: use an odd number from 1 to 9" in shown
    assert "args.etcd.quotaGib is 65: " in shown
    assert (
        "args.members.dropletsize is set, and there is no such argument: set args.members.dropletSize"
        in shown
    )
    assert "args.tls is 3: write a dictionary" in shown
    assert "args.access.clients[0].name is root: " in shown
    assert "args.access.clients[1].permissions[0].rangeEnd is /a: it comes before key, /b" in shown
    assert "set args.access.clients[1].permissions[0].prefix instead" in shown
    # The program of this test is in Python itself, and may have a traceback of its own.
    assert "components/" not in shown
    assert "Unexpected <class" not in shown


def test_options_that_the_sdk_would_leave_out_are_refused(project: Project) -> None:
    project.environment["DIGITALOCEAN_TOKEN"] = "a token of nobody"
    (project.folder / "__main__.py").write_text(OPTIONS)
    shown = project.up(succeeds=False)
    for option in ("retainOnDelete", "deletedWith", "customTimeouts", "additionalSecretOutputs"):
        assert f"the option {option} " in shown


@pytest.mark.parametrize("limit", ["update", "delete", "read"])
def test_each_of_the_custom_timeouts_is_refused(project: Project, limit: str) -> None:
    project.environment["DIGITALOCEAN_TOKEN"] = "a token of nobody"
    (project.folder / "__main__.py").write_text(OPTIONS.replace('create="1h"', f'{limit}="1h"'))
    assert "the option customTimeouts " in project.up(succeeds=False)


def test_the_plugin_asks_for_the_engine_of_the_program() -> None:
    plugin = yaml.safe_load((CHECKOUT / "plugin/PulumiPlugin.yaml").read_text())
    program = yaml.safe_load((CHECKOUT / "Pulumi.yaml").read_text())
    assert plugin["requiredPulumiVersion"] == program["requiredPulumiVersion"]
