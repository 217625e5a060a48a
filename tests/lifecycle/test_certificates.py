"""The certificate authority is replaced by rolling changes, which clients do not notice."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.cluster.cluster import UP_LIMIT, writes
from tests.lifecycle.live import FILES, Live

UP = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive")


@pytest.mark.parametrize("command", [UP, ("pulumi", "preview", "--non-interactive")], ids=["up", "preview"])
def test_an_order_of_steps_that_cuts_members_off_is_refused_before_anything_is_touched(
    live: Live, control: httpx.Client, command: tuple[str, ...]
) -> None:
    live.configure(authorities=[2])
    control.delete("/requests")
    result = live.run(*command, limit=UP_LIMIT)
    live.configure(authorities=None)
    assert result.returncode != 0
    assert "etcd:authorities is [2], and was [1]" in result.stdout
    assert "Set it to [1, 2] and let a pulumi up end well first" in result.stdout
    assert "Traceback" not in result.stdout
    assert writes(control) == []


def test_a_client_with_the_old_bundle_works_until_the_last_step_of_a_rotation(
    live: Live, tmp_path: Path
) -> None:
    live.save_bundle(tmp_path)
    for authorities in ([1, 2], [2, 1]):
        live.configure(authorities=authorities)
        with live.case(f"CA rotation: {authorities}, old clients"):
            live.up()
        assert works(live, tmp_path)
    live.save_bundle(live.bundle)
    live.configure(authorities=[2])
    with live.case("CA rotation: [2], new clients"):
        live.up()
    live.save_bundle(live.bundle)
    assert not works(live, tmp_path)


def works(live: Live, bundle: Path) -> bool:
    """Whether etcdctl gets an answer from every member with these files, and with no others."""
    names = [option for variable in FILES for option in ("-u", variable)]
    options = (f"--cacert={bundle / 'ca.pem'}", f"--cert={bundle / 'client.pem'}")
    command = ("etcdctl", *options, f"--key={bundle / 'client-key.pem'}", "endpoint", "health")
    return live.run("env", *names, *command).returncode == 0
