"""The certificate with which the writer may write."""

from __future__ import annotations

import subprocess

from components.etcd.credentials import TlsTexts
from console.local.writer import KEY
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.operator import operator_environment
from localcloud.machines.stack import Stack

LIMIT_SECONDS = 60.0


def writer_texts(stack: Stack) -> TlsTexts:
    """The certificate of a client that may write the writer's key, from the stack's outputs.

    Raises ``LocalCloudError`` if the stack has no cluster.
    """

    def run(argv: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            cwd=stack.directory,
            env=operator_environment(stack.layout),
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )

    outputs = stack.outputs(run)
    if not outputs.get("endpoints"):
        raise LocalCloudError("the stack has no cluster yet: run make up")
    client = stack.clients(outputs).for_key(KEY)
    return TlsTexts(outputs["caCertificate"], outputs[client.certificate], outputs[client.key])
