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
from tests.localcloud.api.conftest import Lab


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
