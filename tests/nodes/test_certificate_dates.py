"""A certificate that is not valid at the moment is told as such, on whichever side the clock is wrong."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient

from components.etcd.member_status import EXPIRED, NOT_YET_VALID, REJECTS_DATES, NoStatus, observe_member

from .lab import Lab

YET_TO_COME, OVER = (1, 2), (-2, -1)
"""The hours of a certificate that is not valid yet, and of one that has expired."""


def operator(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    context.load_cert_chain(folder / "operator.pem", folder / "operator-key.pem")
    return context


@pytest.mark.parametrize("hours", [YET_TO_COME, OVER], ids=["not yet valid", "expired"])
async def test_etcd_rejects_a_clients_certificate_for_its_dates(
    lab: Lab, tmp_path: Path, hours: tuple[int, int]
) -> None:
    (node,) = lab.bootstrap(size=1)
    for kind in ("operator", "server", "peer"):
        lab.authority.issue(tmp_path / "client", kind, node.name, hours=hours)
    status = await observe_member(node.name, node.name, operator(tmp_path / "client"))
    assert isinstance(status, NoStatus)
    assert status.reason.endswith(REJECTS_DATES)
    with pytest.raises(NoAnswerError, match="by its clock, our certificate has expired or is not valid yet"):
        TlsClient(tmp_path / "client").call_gateway(MemberAddress(node.name, node.name), "/health", None)


@pytest.mark.parametrize(
    ("hours", "reason"), [(YET_TO_COME, NOT_YET_VALID), (OVER, EXPIRED)], ids=["not yet valid", "expired"]
)
async def test_a_members_certificate_is_rejected_for_its_dates(
    lab: Lab, tmp_path: Path, hours: tuple[int, int], reason: str
) -> None:
    (node,) = lab.bootstrap(size=1)
    lab.authority.issue(tmp_path / "client", "operator", node.name)
    # etcd reads its certificate again for each connection.
    lab.authority.issue(node.paths.etc, "server", node.name, hours=hours)
    status = await observe_member(node.name, node.name, operator(tmp_path / "client"))
    assert isinstance(status, NoStatus)
    assert status.reason.endswith(reason)
