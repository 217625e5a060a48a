"""A dataclass that a Pulumi stash keeps for later runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self, cast

import pulumi


@dataclass(frozen=True)
class Recorded:
    """Base of a dataclass of texts, whole numbers and tuples of whole numbers, which a stash keeps."""

    def as_record(self) -> dict[str, Any]:
        """The input of the stash."""
        return {
            name: [*cast("tuple[int, ...]", value)] if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
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


def depending_on(record: pulumi.Resource, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """Options of resources that depend on a record. All resources inside them depend on it, too."""

    def depend(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
        dependent = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(depends_on=[record]))
        return pulumi.ResourceTransformationResult(args.props, dependent)

    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transformations=[depend]))
