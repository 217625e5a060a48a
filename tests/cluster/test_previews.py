"""A preview says what the run would refuse, in an account without machines."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
import uvicorn.server

from localcloud.api.cloud import Limits
from localcloud.machines.interface import NoMachines
from tests.cluster.previews import PreviewedStack
from tests.localcloud.conftest import Lab


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[PreviewedStack]:
    for name in ("cloud", "project"):
        (tmp_path / name).mkdir()
    lab = Lab(tmp_path / "cloud", NoMachines(), Limits())
    lab.start()
    yield PreviewedStack(lab, tmp_path / "project")
    lab.stop()


MEMBER = "etcd-server-2.etcd.example.test"


@pytest.mark.parametrize(
    ("kind", "content"), [("CNAME", "lb.example.net"), ("A", "198.51.100.77")], ids=["CNAME", "another A"]
)
def test_a_record_with_a_members_name_is_refused(stack: PreviewedStack, kind: str, content: str) -> None:
    stack.add_record(kind, MEMBER, content)
    preview = stack.preview()
    assert preview.returncode != 0
    assert f"{kind} record for {MEMBER}, to {content}" in preview.stdout
    assert "Traceback" not in preview.stdout


def test_no_certificate_is_issued_while_the_clock_is_wrong(
    stack: PreviewedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def later(_: float, **form: bool) -> str:
        return formatdate(time.time() + 7190, **form)

    monkeypatch.setattr(uvicorn.server, "formatdate", later)
    # The server forms the header once a second.
    time.sleep(1.2)
    preview = stack.preview()
    assert preview.returncode != 0
    assert re.search(r"this machine's clock is 1:5\d:\d\d behind that of http://127\.0\.0\.1", preview.stdout)
    assert "Nothing was issued" in preview.stdout


CLUSTER = "urn:pulumi:dev::etcd::etcd:index:EtcdCluster::etcd-etcd-dev"
RECORD = "**Stash::etcd-etcd-dev-transition"
FIREWALL = "**firewall:Firewall::**"


def test_a_change_is_checked_in_a_run_that_leaves_out_its_record(stack: PreviewedStack) -> None:
    stack.up("--target", CLUSTER, "--target", RECORD)
    known = stack.types()
    assert "pulumi:index:Stash" in known
    refusals = {
        "etcd:region is ams3, and was fra1": stack.preview("--target", FIREWALL, region="ams3"),
        "etcd:addresses is private, and was public": stack.up("--exclude", RECORD, addresses="private"),
        "etcd:volumeSize is 20, and was 10: --target or --exclude leaves out": stack.up(
            "--target", FIREWALL, volumeSize=20
        ),
    }
    for reason, refused in refusals.items():
        assert refused.returncode != 0
        assert reason in refused.stdout
        assert "Traceback" not in refused.stdout
    assert stack.types() == known
