"""The form of all documents."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Document(BaseModel):
    """A document that does not change after it was made, and that has no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)
