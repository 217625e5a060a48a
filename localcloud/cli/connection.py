"""The text that ends ``make up``: the proof that the cluster works, and how to connect to it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from localcloud.cli.proof import Proof

_NEXT = (
    'make etcdctl ARGS="member list -w table"',
    "make shell    # then etcdctl, or pulumi stack output for all outputs",
    "make destroy  # remove the cluster; make down stops the local cloud",
)


def connection_text(proof: Proof) -> str:
    """Several lines: the test key, the endpoints, the certificates' files and the commands to try next."""
    test = (f"written through  {proof.written}", f"read through     {proof.read}")
    files = [Path(file) for file in proof.files]
    certificates = (f"{files[0].parent}/", "  ".join(file.name for file in files))
    return "\n".join(
        (
            _section(f"Test key {proof.value}", test),
            _section("Endpoints (all healthy; reachable inside the local cloud only)", proof.endpoints),
            _section("Certificates and client key (readable by root only)", certificates),
            _section("Next", _NEXT),
        )
    )


def _section(heading: str, lines: Iterable[str]) -> str:
    return "".join((f"{heading}:\n", *(f"  {line}\n" for line in lines)))
