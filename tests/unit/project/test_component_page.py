"""docs/component.md says what the docstrings of the component say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pulumi.provider.experimental.component import ComponentProvider

from components import EtcdCluster
from components.config.naming import GROUPS, argument_of

PAGE = (Path(__file__).parents[3] / "docs/component.md").read_text(encoding="utf-8")
SCHEMA: dict[str, Any] = json.loads(ComponentProvider([EtcdCluster], "etcd").schema)
COMPONENT: dict[str, Any] = SCHEMA["resources"]["etcd:index:EtcdCluster"]

ARGUMENT = r"clusterName|\w+\.[\w.\[\]]+"
"""The first cell of the row of an argument, or of a field of an argument's entries."""


def type_of(name: str) -> dict[str, Any]:
    """A type of the schema."""
    return SCHEMA["types"][f"etcd:index:{name}"]


def groups() -> dict[str, dict[str, Any]]:
    """The types of the groups of arguments, by the name of the group."""
    return {
        name: type_of(value["$ref"].rpartition(":")[2])
        for name, value in COMPONENT["inputProperties"].items()
        if "$ref" in value
    }


def arguments() -> dict[str, tuple[str, str]]:
    """For each argument its kind and its description."""
    found = {"clusterName": described(COMPONENT["inputProperties"]["clusterName"])}
    for group, one in groups().items():
        found |= fields(one, f"{group}.")
    return found


def fields(one: dict[str, Any], path: str) -> dict[str, tuple[str, str]]:
    """The same for each field of a type and of the entries of its lists, by their paths."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in one["properties"].items():
        kind, text = described(value)
        found[f"{path}{name}"] = (f"{kind}, must be set" if name in one.get("required", ()) else kind, text)
    for name, value in one["properties"].items():
        if reference := value.get("items", {}).get("$ref"):
            found |= fields(type_of(reference.rpartition(":")[2]), f"{path}{name}[].")
    return found


def described(value: dict[str, Any]) -> tuple[str, str]:
    """Kind and description of a value."""
    items = value.get("items", {})
    entry = items.get("type") or items.get("$ref", "").rpartition(":")[2].lower()
    kind = f"list of {entry}s" if items else value["type"]
    late = not value.get("plain") or (items and not items.get("plain"))
    return f"{kind} or output" if late else kind, one_line(value["description"])


def one_line(text: str) -> str:
    """A docstring as a cell of a table."""
    return " ".join(text.split()).replace("``", "`")


def rows(pattern: str) -> dict[str, tuple[str, ...]]:
    """The rows of the page whose first cell has this form, without it."""
    found = re.finditer(rf"^\| `({pattern})` \| (.*) \|$", PAGE, re.MULTILINE)
    return {row[1]: tuple(row[2].replace("\\|", "|").split(" | ")) for row in found}


def test_the_page_lists_every_argument_and_no_other() -> None:
    assert list(rows(ARGUMENT)) == list(arguments())


@pytest.mark.parametrize("name", sorted(arguments()))
def test_the_page_describes_an_argument_as_its_docstring_does(name: str) -> None:
    assert rows(ARGUMENT)[name] == arguments()[name]


def test_the_page_describes_each_output_as_its_docstring_does() -> None:
    outputs = {name: (one_line(value["description"]),) for name, value in COMPONENT["properties"].items()}
    found = {name: row for name, row in rows(r"[a-zA-Z]+").items() if name != "clusterName" and len(row) == 1}
    parts = {
        name: (one_line(value["description"]),)
        for kind in ("MemberOutput", "ClientOutput")
        for name, value in type_of(kind)["properties"].items()
    }
    # Arguments are in tables of their own.
    assert found == {**{name: text for name, text in parts.items() if name not in outputs}, **outputs}


def test_the_page_has_a_heading_for_each_group() -> None:
    assert all(f"\n### {group}\n" in PAGE for group in groups())


def test_every_argument_but_those_of_providers_has_a_key() -> None:
    known = {argument_of(key) for keys in GROUPS.values() for key in keys}
    extra = {name for name in arguments() if name not in known and name != "clusterName" and "[]" not in name}
    assert {name.partition(".")[0] for name in extra} == {"access"}
