"""Two clusters of one stack, of different versions and sizes: one is changed while the other is sick."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator

import pytest

from localcloud.cloud import LocalCloud
from localcloud.toolchain.etcd import VERSIONS, ensure_mirror, ensure_release
from testbed.faults.processes import stopped
from tests.cluster.inventory import inventory
from tests.lifecycle.figures import Figures
from tests.lifecycle.repairs import replaces
from tests.programs.pair import Pair, Part

EARLIER = VERSIONS[0]
SICK = 3
GATE = "etcd-shop-pair-orders-gate-1"
PATIENCE = 10
"""Seconds that a run waits for a sick cluster: the least that the arguments allow."""


@pytest.fixture(scope="module")
def pair(
    cloud: LocalCloud, figures: Figures, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Part, Part]]:
    ensure_mirror(cloud.layout.releases, (EARLIER,))
    program = Pair(cloud, tmp_path_factory.mktemp("pair"))
    orders = Part(program, figures, "orders", domain="orders.example.test")
    sessions = Part(
        program, figures, "sessions", domain="sessions.example.test", size=1,
        version=EARLIER, releaseSha256=ensure_release(EARLIER).sha256,
    )  # fmt: skip
    with orders, sessions:
        yield orders, sessions
        orders.read_all()
        sessions.read_all()
    program.destroy()
    left = inventory(program)
    # The default VPC of the region belongs to the account.
    assert {kind: names for kind, names in left.items() if names} == {"vpcs": ["default-fra1"]}


def test_the_clusters_of_one_stack_share_nothing(pair: tuple[Part, Part]) -> None:
    orders, sessions = pair
    assert len(orders.droplets()) == 3
    assert len(sessions.droplets()) == 1
    assert versions(orders) == {VERSIONS[1]}
    assert versions(sessions) == {EARLIER}
    tags = [tag for part in pair for tag in part.tags()]
    assert len(tags) == len(set(tags))
    assert identity(orders) != identity(sessions)


def test_a_refusal_lets_the_other_cluster_complete_its_change(pair: tuple[Part, Part]) -> None:
    orders, sessions = pair
    droplet = str(orders.droplets()[orders.name(SICK)])
    tagged = {"resources": [{"resource_id": droplet, "resource_type": "droplet"}]}
    path = f"/v2/tags/{orders.cluster_name}/resources"
    with orders.case("two clusters: one has lost a tag", planned=False):
        # This refuses a cluster at once, while the other one's droplet is away.
        orders.digitalocean("DELETE", path, tagged)
        with replaces(sessions, 1), sessions.case("two clusters: the healthy one changes", planned=False):
            sessions.configure(heartbeatMs=150)
            output = sessions.fail()
        assert refusal(output).startswith(f"Cluster {orders.cluster_name}: not healthy, and waiting does not")
        assert f"doctl compute droplet tag {droplet} --tag-name {orders.cluster_name}" in refusal(output)
        assert f"Stash {sessions.cluster_name}-healthy updated" in output
        # The request that this command sends.
        orders.digitalocean("POST", path, tagged)
        orders.up("--expect-no-changes")


def test_only_the_sick_clusters_changes_are_refused(pair: tuple[Part, Part]) -> None:
    orders, sessions = pair
    sick = orders.name(SICK)
    before = orders.droplets()
    with orders.case("two clusters: both change, and one is sick", planned=False), orders.broken(sick):
        with stopped(orders, sick):
            orders.wait_down(sick)
            orders.configure(electionMs=1500)
            sessions.configure(electionMs=1500)
            with (
                orders.configured(healthTimeoutSeconds=PATIENCE),
                replaces(sessions, 1),
                sessions.case("two clusters: both change, and the other one is sick", planned=False),
            ):
                output = sessions.fail()
            assert f"Stash {sessions.cluster_name}-healthy updated" in output
            said = refusal(output)
            assert said.startswith(f"Before {orders.name(1)} may change: not healthy within {PATIENCE} s")
            assert f"{sick}: " in said
            assert "sessions" not in said
            assert "args.maintenance.healthTimeoutSeconds" in said
            assert "etcd:" not in said.replace("etcd:index:", "")
            assert orders.droplets() == before
            orders.assert_all_up()
            # The command that the refusal prints: it replaces the sick member, and nothing else.
            command, then = re.findall(
                r"replace its droplet: (pulumi up .*), and then (pulumi up)$", said, re.MULTILINE
            )[0]
            with replaces(orders, SICK), replaces(sessions):
                orders.pulumi(*shlex.split(command)[1:], "--yes", "--skip-preview")
        orders.pulumi(*shlex.split(then)[1:], "--yes", "--skip-preview")
    assert not set(before.values()) & set(orders.droplets().values())
    orders.up("--expect-no-changes")


def versions(part: Part) -> set[str]:
    """What the members of a cluster run."""
    answers = json.loads(part.etcdctl("endpoint", "status", "-w", "json"))
    return {answer["Status"]["version"] for answer in answers}


def identity(part: Part) -> int:
    """etcd's own id of a cluster."""
    return json.loads(part.etcdctl("member", "list", "-w", "json"))["header"]["cluster_id"]


def refusal(output: str) -> str:
    """The error of the cluster that was refused."""
    (error,) = {
        text for text in output.partition("Diagnostics:")[2].split("error: ") if "not healthy" in text
    }
    return error.partition("\n\n")[0].removeprefix(f'before hook "{GATE}" failed: ')
