"""What a run was asked for, kept in a stash for later runs to be compared with, and waited for by other resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self, cast

import pulumi


@dataclass(frozen=True)
class Recorded:
    """Base of a dataclass of texts, whole numbers and tuples of whole numbers, which a stash keeps."""

    def as_record(self) -> dict[str, Any]:
        """The stash's input."""
        return {
            name: [*cast("tuple[int, ...]", value)] if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    def as_recorded(self, record: Mapping[str, Any]) -> Self:
        """What an earlier run stored. The engine hands numbers back as floats; what an earlier version of the program
        did not record is as it is wished for now."""
        known = {field.name: record[field.name] for field in fields(self) if field.name in record}
        for name, value in known.items():
            if isinstance(getattr(self, name), tuple):
                known[name] = tuple(int(number) for number in value)
            elif isinstance(value, float):
                known[name] = int(value)
        return replace(self, **known)


def waiting_for(record: pulumi.Resource, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """Options of resources that wait for a record, as do all that are made inside them."""

    def waits(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
        waiting = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(depends_on=[record]))
        return pulumi.ResourceTransformationResult(args.props, waiting)

    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transformations=[waits]))
