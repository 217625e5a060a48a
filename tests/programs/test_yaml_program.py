"""A program in YAML has the package's cluster for a whole life, with the same figures as the program."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from localcloud.cloud import LocalCloud
from testbed.changes import one_member
from testbed.update import killed_at
from tests.cluster.inventory import inventory
from tests.lifecycle.figures import Figures
from tests.lifecycle.repairs import replaced_by_command, replaces
from tests.lifecycle.sizes import grows, shrinks
from tests.programs.yaml_program import YamlLive


@pytest.fixture(scope="module")
def live(cloud: LocalCloud, figures: Figures, tmp_path_factory: pytest.TempPathFactory) -> Iterator[YamlLive]:
    folder = tmp_path_factory.mktemp("yaml")
    with YamlLive(cloud, folder, figures, "yaml", domain="yaml.example.test") as cluster:
        yield cluster


def test_a_second_run_changes_nothing(live: YamlLive) -> None:
    live.pulumi("preview", "--expect-no-changes")
    live.up("--expect-no-changes")


def test_a_changed_argument_changes_the_members_one_at_a_time(live: YamlLive) -> None:
    with replaces(live, 1, 2, 3), live.case("yaml: a changed argument"):
        live.configure(heartbeatMs=150)
        live.up()


def test_a_wrong_argument_is_refused_by_its_name_and_changes_nothing(live: YamlLive) -> None:
    with live.configured(heartbeatMs=9), live.case("yaml: a wrong argument"):
        refusal = live.fail()
    assert "args.etcd.heartbeatMs is 9: " in refusal
    assert "Traceback" not in refusal


def test_members_are_added_and_removed(live: YamlLive, control: httpx.Client) -> None:
    grows(live, control, 3, 5)
    shrinks(live, 5, 3)


def test_a_member_is_replaced_by_command(live: YamlLive) -> None:
    replaced_by_command(live, 2)


def test_a_run_that_is_killed_between_two_droplets_is_finished_by_the_next(live: YamlLive) -> None:
    with live.case("yaml: engine killed", planned=False):
        killed_at(live, "create-replacement", f"Droplet::etcd-etcd-{live.stack}-2", *one_member(live, 2))
        live.up()
    live.up("--expect-no-changes")


def test_a_change_is_refused_while_a_member_is_down_and_its_advice_repairs_it(live: YamlLive) -> None:
    sick = live.name(3)
    with live.configured(heartbeatMs=200), live.case("yaml: refused", planned=False), live.broken(sick):
        live.on(sick, "systemctl stop etcd")
        live.wait_down(sick)
        with live.configured(healthTimeoutSeconds=10):
            refusal = live.fail()
        assert "Unexpected" not in refusal
        # It names arguments, and no keys of `pulumi config`.
        assert not re.findall(r"\betcd:(?!index:)[a-z]\w*", refusal)
        (command,) = set(re.findall(r"pulumi up (--target-replace \S+ --target '[^']+')", refusal))
        live.up(*command.replace("'", "").split())
        live.up()


def test_a_destroy_leaves_nothing(live: YamlLive) -> None:
    live.read_all()
    live.destroy()
    left = inventory(live)
    assert not {kind: names for kind, names in left.items() if names and kind != "vpcs"}
    assert left["vpcs"] == ["default-fra1"]
