"""Pulumi.yaml says of every key what the program does with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from components.config.settings import Settings

PROJECT = yaml.safe_load(Path(__file__).parents[4].joinpath("Pulumi.yaml").read_text(encoding="utf-8"))
FIELDS = {field.alias or name: field for name, field in Settings.model_fields.items()}
EMPTY: tuple[Any, ...] = ("", [])


def test_every_setting_is_a_key_of_the_project_and_every_key_a_setting() -> None:
    assert PROJECT["config"].keys() == FIELDS.keys()


@pytest.mark.parametrize("key", sorted(FIELDS))
def test_a_key_has_a_type_a_description_and_the_programs_default(key: str) -> None:
    entry = PROJECT["config"][key]
    assert entry["type"]
    assert entry["description"]
    default = FIELDS[key].default
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if default is PydanticUndefined:
        assert entry["default"] in EMPTY
        assert "Must be set" in entry["description"]
    else:
        assert entry["default"] == (list(default) if isinstance(default, tuple) else default)


@pytest.mark.parametrize("key", sorted(FIELDS))
def test_the_readme_lists_the_key_with_its_description(key: str) -> None:
    readme = Path(__file__).parents[4].joinpath("README.md").read_text(encoding="utf-8")
    (row,) = [line for line in readme.splitlines() if line.startswith(f"| `etcd:{key}` |")]
    assert row.endswith(f"| {PROJECT['config'][key]['description']} |")
