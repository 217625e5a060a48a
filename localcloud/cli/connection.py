"""The text that ends ``make up``: the proof that the cluster works, and how to connect to it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from localcloud.cli.proof import NotWritten, Proof

_NEXT = (
    "make console  # a page that shows the cluster live",
    'make etcdctl ARGS="member list -w table"',
    "make shell    # then etcdctl, or pulumi stack output for all outputs",
    "make destroy  # remove the cluster; make down stops the local cloud",
)


def connection_text(proof: Proof) -> str:
    """Several lines: the test key or why there is none, the endpoints, the files, and the commands to try next."""
    files = [Path(file) for file in proof.files]
    certificates = (f"{files[0].parent}/", "  ".join(file.name for file in files))
    return "\n".join(
        (
            _test_key(proof),
            _section("Endpoints (all healthy; reachable inside the local cloud only)", proof.endpoints),
            _section("Certificates and client key (readable by root only)", certificates),
            _section("Next", _NEXT),
        )
    )


def _test_key(proof: Proof) -> str:
    if isinstance(proof.key, NotWritten):
        return _section("No test key was written", proof.key.lines)
    members = (f"written through  {proof.key.through}", f"read through     {proof.key.read}")
    return _section(f"Test key {proof.key.value}", members)


def _section(heading: str, lines: Iterable[str]) -> str:
    return "".join((f"{heading}:\n", *(f"  {line}\n" for line in lines)))
