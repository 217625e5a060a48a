"""Requests that etcd grants only its root user while authentication is on, made by etcdctl.

etcd's JSON gateway knows no users: it refuses a certificate with a common name, and takes one without for nobody.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from components.shared.compression import SnapshotError
from components.shared.ports import CLIENT_PORT
from etcd_node.etcd.client import NoQuorumError, RefusedError, problem_of, read_status
from etcd_node.etcd.transport import ANSWER_TIMEOUT, MemberAddress, NoAnswerError, TlsClient
from etcd_node.host.settings import Paths

COMMAND_TIMEOUT = 3600.0
"""Seconds for one run of etcdctl or etcdutl."""

NOT_CONNECTED = "unhealthy cluster"
"""etcd's reason when the member that was asked has not been connected to all voters for five seconds."""


def run_tool(command: Sequence[str | Path], timeout: float = COMMAND_TIMEOUT) -> str:
    """Run one of etcd's tools. Returns its standard output. Raises ``SnapshotError``, also after ``timeout`` s."""
    program = Path(command[0]).name
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env={"PATH": os.environ.get("PATH", os.defpath)},
        )
    except subprocess.TimeoutExpired:
        raise SnapshotError(f"{program} did not end within {timeout:.0f} s") from None
    if done.returncode != 0:
        # etcd's tools log in JSON, and end with a line of text.
        lines = done.stderr.strip().splitlines() or ["it printed no error"]
        raise SnapshotError(f"{program} failed: {lines[-1]}")
    return done.stdout


def etcdctl(paths: Paths, name: str, *command: str | Path, timeout: float = ANSWER_TIMEOUT) -> str:
    """Run etcdctl against a member. Returns its standard output.

    Raises ``RefusedError``, and ``NoAnswerError`` also after ``timeout`` seconds.
    """
    certificate = paths.etc / "management.pem"
    if not certificate.exists():
        certificate = paths.etc / "server.pem"
    # etcdctl would try to connect until its time is over.
    check = ["openssl", "x509", "-noout", "-checkend", "0", "-in", certificate]
    if b"will expire" in subprocess.run(check, capture_output=True, check=False).stdout:
        raise RefusedError(f"{certificate} has expired: run pulumi up")
    try:
        return run_tool(
            [
                *(paths.program("etcdctl"), f"--endpoints=https://{name}:{CLIENT_PORT}"),
                *(f"--cacert={paths.etc / 'ca.pem'}", f"--cert={certificate}"),
                f"--key={certificate.with_stem(f'{certificate.stem}-key')}",
                *(f"--command-timeout={timeout}s", *command),
            ],
            timeout + 2,
        )
    except (SnapshotError, OSError) as error:
        raise problem_of(str(error)) from None


def change_members(paths: Paths, client: TlsClient, members: Sequence[MemberAddress], *command: str) -> str:
    """Run ``etcdctl member`` against the first member that answers. etcd refuses the same change a second time.

    A member that misses a connection to another one refuses an addition. Then the next one is asked. Returns
    what etcdctl printed. Raises ``NoQuorumError`` or ``RefusedError``.
    """
    order: list[MemberAddress] = []
    silent: list[str] = []
    for member in members:
        # etcdctl would wait until its time is over for a member that does not answer.
        try:
            status = read_status(client, member)
            # A follower passes a promotion on to the leader, but not the user, so the leader refuses it.
            order.insert(0 if status.leader == status.member else len(order), member)
        except (NoAnswerError, RefusedError) as error:
            silent.append(f"{member.name}: {error}")
    refused: RefusedError | None = None
    for member in order:
        try:
            return etcdctl(paths, member.name, "member", *command)
        except NoAnswerError as error:
            silent.append(f"{member.name}: {error}")
        except RefusedError as error:
            if str(error) != NOT_CONNECTED:
                raise
            refused = error
    raise refused or NoQuorumError("; ".join(silent))
