"""What is wrong with a configuration whose values are all well-formed."""

from __future__ import annotations


class MisfitError(ValueError):
    """A value that is well-formed but does not go with the others."""

    def __init__(self, key: str, value: object, remedy: str) -> None:
        super().__init__(f"etcd:{key} is {value}: {remedy}")
