"""A dataclass that a Pulumi stash keeps for later runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, Self, TypeVar, cast

import pulumi

from ..config.naming import key_of


@dataclass(frozen=True)
class Recorded:
    """Base of a dataclass of texts, whole numbers and tuples of whole numbers, which a stash keeps."""

    not_recorded: ClassVar[frozenset[str]] = frozenset()
    """The fields that only this run needs."""

    def as_record(self) -> dict[str, Any]:
        """The input of the stash."""
        return {
            name: [*cast("tuple[int, ...]", value)] if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if name not in self.not_recorded
        }

    def as_recorded(self, record: Mapping[str, Any]) -> Self:
        """The values that an earlier run recorded.

        The engine returns numbers as floats. A field that an earlier version of the program did not record has the
        value of this run.
        """
        known = {field.name: record[field.name] for field in fields(self) if field.name in record}
        for name, value in known.items():
            if isinstance(getattr(self, name), tuple):
                known[name] = tuple(int(number) for number in value)
            elif isinstance(value, float):
                known[name] = int(value)
        return replace(self, **known)


def depending_on(
    records: pulumi.Input[Sequence[pulumi.Input[pulumi.Resource]]], opts: pulumi.ResourceOptions
) -> pulumi.ResourceOptions:
    """Options of resources that depend on records. All resources inside them depend on them, too.

    ``records`` may be an output that fails: then none of these resources is registered.
    """

    def depend(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
        dependent = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(depends_on=records))
        return pulumi.ResourceTransformationResult(args.props, dependent)

    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transformations=[depend]))


R = TypeVar("R", bound=Recorded)


async def left_out(record: pulumi.Stash, requested: R) -> R | None:
    """The recorded values if this run leaves ``record`` out although it requests others; else ``None``.

    With ``--target`` or ``--exclude`` the engine calls no hook of a record that it leaves out, and returns what an
    earlier run recorded. A run that updates the record gets back what it requested.
    """
    # A record that failed has no input, and one that a first run leaves out may have none.
    if not (stored := await record.input.future()):
        return None
    recorded = requested.as_recorded(stored)
    return None if recorded == requested else recorded


def not_checked(key: str, value: object, before: object) -> str:
    """Why a setting may not change in a run that leaves its record out."""
    return (
        f"{key_of(key)} is {value}, and was {before}: --target or --exclude leaves out the record with which this run "
        f"checks the change. Set it back to {before}, or run pulumi up without these options"
    )
