"""Commands of docs/monitoring.md work in the situations that they are for."""

from __future__ import annotations

import json
import re
from pathlib import Path

from localcloud.toolchain.etcd import DEFAULT_VERSION

from .lab import Lab, eventually
from .operators_shell import shell

DOCS = Path(__file__).parents[2] / "docs"


def test_the_runbooks_first_commands_work_without_a_quorum(lab: Lab) -> None:
    nodes = lab.bootstrap(3)
    for node in nodes[1:]:
        node.power_off()
    section = (DOCS / "monitoring.md").read_text().split("## Runbook\n")[1].split("\n### ")[0]
    health, status = re.findall(r"^    (etcdctl .+)$", section, re.MULTILINE)
    result = shell(nodes, health)
    assert all(f"https://{node.name}:2379 is unhealthy" in result.stdout + result.stderr for node in nodes)
    table = shell(nodes, status).stdout
    assert f"https://{nodes[0].name}:2379" in table
    assert DEFAULT_VERSION in table


def test_no_command_names_endpoints_twice() -> None:
    # etcdctl fails with "conflicting environment variable" if both name them.
    for page in ("monitoring.md", "backup.md", "upkeep.md"):
        assert not re.findall(r"etcdctl[^`\n]* --endpoints", (DOCS / page).read_text())


def test_a_full_database_needs_a_larger_quota_before_its_alarm_is_disarmed(
    lab: Lab,
) -> None:
    entry = (DOCS / "monitoring.md").read_text().split("### EtcdNoSpace\n")[1].split("\n### ")[0]
    commands = "\n".join(re.findall(r"^    (\S.+)$", entry, re.MULTILINE))
    (larger,) = re.findall(r"^       (sed .+) && systemctl restart etcd$", entry, re.MULTILINE)
    nodes = [lab.add(number) for number in (1, 2, 3)]
    for node in nodes:
        settings = node.paths.etc / "prepare_cluster.json"
        settings.write_text(json.dumps({**json.loads(settings.read_text()), "quota_bytes": 16 << 20}))
        node.power_on()
    lab.all_healthy(nodes)
    fill = (
        "for n in $(seq 40); do head -c 1000000 /dev/zero | etcdctl put /full/$n >/dev/null || exit 1; done"
    )
    assert "database space exceeded" in shell(nodes, fill).stderr
    done = shell(nodes, commands)
    assert done.returncode == 0, done.stderr
    # Defragmentation frees nothing, and the alarm is raised again.
    assert "database space exceeded" in shell(nodes, fill).stderr
    for node in nodes:
        assert shell(nodes, larger.replace("/etc/etcd", str(node.paths.etc))).returncode == 0
        node.restart()
        eventually(
            "every member answers",
            lambda: shell(nodes, "etcdctl endpoint status").returncode == 0,
        )
    assert shell(nodes, "etcdctl alarm disarm && etcdctl endpoint health").returncode == 0
    assert shell(nodes, fill).returncode == 0
