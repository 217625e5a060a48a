"""The examples and the stack files of the checkout are valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.config.errors import ConfigurationError
from components.shared.s3 import StoredObject
from components.shared.stored_backups import backups_in
from tests.unit.project.stack_files import CHECKOUT, LOCAL, STACK_FILES, load, secrets_of, values_of

FOR_DIGITALOCEAN = [pytest.param(file, id=file.stem) for file in STACK_FILES if file != LOCAL]


@pytest.mark.parametrize("file", FOR_DIGITALOCEAN)
def test_a_stack_file_and_the_secrets_it_names_are_valid(file: Path) -> None:
    values, secrets = values_of(file), secrets_of(file)
    settings = load({**values, **secrets})
    assert settings.domain == values["etcd:domain"]


@pytest.mark.parametrize("file", FOR_DIGITALOCEAN)
def test_a_stack_file_names_each_secret_that_it_needs(file: Path) -> None:
    values, secrets = values_of(file), secrets_of(file)
    assert not secrets.keys() & values.keys()
    for key in secrets:
        with pytest.raises(ConfigurationError, match=f"{key} is not set"):
            load({**values, **secrets, key: None})


def test_the_local_stack_is_valid_without_another_secret() -> None:
    assert load(values_of(LOCAL)).domain == "example.test"


def test_stacks_of_different_regions_have_different_members() -> None:
    names: list[str] = []
    for file in CHECKOUT.glob("Pulumi.*.yaml"):
        values = values_of(file)
        names += load({**values, **secrets_of(file)}).member_names
    assert len(names) == len(set(names)) == 9


def test_the_backup_of_the_second_region_is_named_as_members_name_them() -> None:
    name = values_of(CHECKOUT / "examples/second-region.yaml")["etcd:restoreFrom"]
    (backup,) = backups_in([StoredObject(name, 1, 0.0)])
    assert name.endswith(f"/{backup.snapshot.name}")


def test_the_examples_page_lists_each_example() -> None:
    page = CHECKOUT.joinpath("examples/README.md").read_text(encoding="utf-8")
    for file in CHECKOUT.glob("examples/*.yaml"):
        assert f"[{file.name}]({file.name})" in page
