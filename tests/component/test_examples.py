"""What the stack files of the checkout register, under the recording monitor."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.component.conftest import PlanOf
from tests.unit.project.stack_files import LOCAL, STACK_FILES, secrets_of, values_of

DROPLET = "digitalocean:index/droplet:Droplet"


@pytest.mark.parametrize("file", [pytest.param(file, id=file.stem) for file in STACK_FILES if file != LOCAL])
def test_a_stack_file_registers_a_droplet_for_each_member(file: Path, plan_of: PlanOf) -> None:
    values = {**values_of(file), **secrets_of(file)}
    plan = plan_of(
        **{key.removeprefix("etcd:"): value for key, value in values.items() if key.startswith("etcd:")}
    )
    droplets = plan.of_type(DROPLET)
    assert len(droplets) == values.get("etcd:size", 3)
    assert {droplet.inputs["region"] for droplet in droplets} == {values.get("etcd:region", "fra1")}
