"""What counts as silence of a member, and what as an answer."""

from __future__ import annotations

import errno
import os

import pytest
from etcd_node.recovery.survey import SILENCES


@pytest.mark.parametrize(
    "error", [errno.EINVAL, errno.EACCES, errno.EPERM, errno.ENETUNREACH, errno.EHOSTUNREACH]
)
def test_a_packet_that_was_never_sent_has_no_answer(error: int) -> None:
    assert os.strerror(error) in SILENCES


@pytest.mark.parametrize("error", [errno.ECONNREFUSED, errno.ECONNRESET, errno.EPIPE])
def test_what_only_the_other_machine_can_do_is_an_answer(error: int) -> None:
    assert os.strerror(error) not in SILENCES
