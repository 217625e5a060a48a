"""Which stack the page shows."""

from __future__ import annotations

from console.view.document import Document


class Stack(Document):
    """The stack, and what the page may do with it."""

    project: str
    stack: str
    region: str | None
    local: bool
    """Whether the cluster runs in a local cloud. Then the page may power members off, and so on."""
    cloud: str
    """The name of the local cloud; empty for a production stack."""
    problem: str
    """Why nothing is shown, with what to do; empty if all is well. For example: the stack has no cluster yet."""
