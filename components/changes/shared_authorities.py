"""The record of the generations of CAs whose first CA also signs the peers' certificates.

An earlier version of the program had one CA a generation. The members of its clusters trust no other CA for peers, so a
generation that existed then stays as it is. The next generation has a CA for clients and another one for peers. Members
move to it as they do with every change of ``authorities``.
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from ..identity.stack_state import StackState, shared_authorities_record
from .stash_record import depending_on


class SharedAuthorities:
    """The record, which is a ``pulumi.Stash``. Its value never changes after its creation."""

    numbers: pulumi.Output[Sequence[int]]
    """The generations whose CAs are shared by clients and peers. A preview knows them as well."""

    def __init__(self, name: str, *, stack: pulumi.Output[StackState], opts: pulumi.ResourceOptions) -> None:
        """``opts`` contains what the record waits for. No CA is created before the record: ``after_record``."""
        self.numbers = stack.apply(shared_generations)
        self.record = pulumi.Stash(
            shared_authorities_record(name),
            input=self.numbers,
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["input"])),
        )

    def after_record(self, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """Options of resources that depend on the record: a later run finds it with the CAs, or finds neither."""
        return depending_on([self.record], opts)


def shared_generations(stack: StackState) -> list[int]:
    """The generations whose CAs are shared.

    Without a record, they are those in the state: the record precedes every CA, so an earlier version of the program
    created them. Some members may still use any of them if that version was interrupted in a change of authorities.
    """
    return sorted(stack.authorities if stack.shared_authorities is None else stack.shared_authorities)
