"""Pulumi.yaml and docs/configuration.md describe every key as the program uses it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from components.config.settings import Settings
from localcloud.toolchain.engine import ENGINE_VERSION

CHECKOUT = Path(__file__).parents[4]
PROJECT = yaml.safe_load(CHECKOUT.joinpath("Pulumi.yaml").read_text(encoding="utf-8"))
PAGE = CHECKOUT.joinpath("docs/configuration.md").read_text(encoding="utf-8")
ROWS = {
    row[1]: (row[2], row[3].replace("\\<", "<"))
    for row in re.finditer(r"^\| `etcd:(\w+)` \| (.*?) \| (.*) \|$", PAGE, re.M)
}
"""Default and description of each key on the page, where Markdown takes a bare ``<`` for HTML."""
FIELDS = {field.alias or name: field for name, field in Settings.model_fields.items()}
EMPTY: tuple[Any, ...] = ("", [])
TOO_LONG_TO_SHOW = "releaseUrl"
"""The key whose default the page gives in words."""
WITHOUT_TYPE = {"clients", "sshKeys"}
"""The keys whose values the program alone checks.

The engine gives no advice about a list of clients, and refuses the id of a key that ``pulumi config set --path`` has
written, because that is a number.
"""


def test_every_setting_is_a_key_of_the_project_and_every_key_a_setting() -> None:
    assert PROJECT["config"].keys() == FIELDS.keys()


@pytest.mark.parametrize("key", sorted(FIELDS))
def test_a_key_has_a_type_a_description_and_the_programs_default(key: str) -> None:
    entry = PROJECT["config"][key]
    assert ("type" in entry) is (key not in WITHOUT_TYPE)
    assert entry["description"]
    default = FIELDS[key].default
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if default is PydanticUndefined:
        assert entry["default"] in EMPTY
        assert "Must be set" in entry["description"]
    else:
        # The engine has no null, and an empty value counts as not set.
        default = "" if default is None else default
        assert entry["default"] == (list(default) if isinstance(default, tuple) else default)


def test_the_page_lists_the_keys_of_the_project_and_no_others() -> None:
    assert ROWS.keys() == PROJECT["config"].keys()
    assert len(ROWS) == PAGE.count("\n| `etcd:")


@pytest.mark.parametrize("key", sorted(FIELDS))
def test_the_page_has_the_keys_description(key: str) -> None:
    assert ROWS[key][1] == PROJECT["config"][key]["description"]


@pytest.mark.parametrize("key", sorted(FIELDS.keys() - {TOO_LONG_TO_SHOW}))
def test_the_page_has_the_keys_default(key: str) -> None:
    default = PROJECT["config"][key]["default"]
    if FIELDS[key].is_required():
        assert ROWS[key][0] == "must be set"
    elif default in EMPTY:
        assert not ROWS[key][0].startswith("`") or ROWS[key][0].startswith("`etcd:")
    else:
        assert ROWS[key][0] == f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_the_project_requires_the_engine_with_which_it_is_tested() -> None:
    assert PROJECT["requiredPulumiVersion"] == f">={ENGINE_VERSION}"
