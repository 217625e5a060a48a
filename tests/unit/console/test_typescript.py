"""The page's types, which are made from the documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.view import typescript
from console.view.document import Document

TYPES = Path(__file__).parents[3] / "console/page/types.d.ts"


def test_the_types_of_the_page_are_those_of_the_documents() -> None:
    assert TYPES.read_text() == typescript.declarations(), (
        "console/view has changed: run `python -m console.view.typescript > console/page/types.d.ts`"
    )


def test_a_value_that_may_be_unknown_is_null_in_typescript() -> None:
    assert "readonly power: " in typescript.declarations()
    assert "readonly version: string | null;" in typescript.declarations()


def test_what_the_page_may_leave_out_of_an_action_is_optional() -> None:
    assert "readonly confirmed?: boolean;" in typescript.declarations()


def test_a_document_that_has_no_type_in_typescript_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd(Document):
        """A document with a pair."""

        pair: tuple[int, str]

    monkeypatch.setattr(typescript, "Page", Odd)
    with pytest.raises(TypeError, match="has no type in TypeScript"):
        typescript.declarations()
