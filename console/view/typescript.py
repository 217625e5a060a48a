"""Writes the documents as types of TypeScript: ``python -m console.view.typescript > console/page/types.d.ts``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias, cast

from pydantic import TypeAdapter

from console.view.actions import Action
from console.view.page import Page

Schema: TypeAlias = Mapping[str, Any]

HEADING = "// Made by `python -m console.view.typescript` from console/view. Do not change it by hand.\n"


def declarations() -> str:
    """Return the declarations of all documents that the page is told, and of those that it posts."""
    _, schema = TypeAdapter.json_schemas(
        [("page", "validation", TypeAdapter(Page)), ("action", "validation", TypeAdapter(Action))]
    )
    documents = cast("Mapping[str, Schema]", schema["$defs"])
    posted = [_type(choice) for choice in TypeAdapter(Action).json_schema()["oneOf"]]
    interfaces = [_interface(name, documents[name]) for name in sorted(documents)]
    return "\n".join([HEADING, *interfaces, f"export type Action = {' | '.join(posted)};", ""])


def _interface(name: str, document: Schema) -> str:
    required = document.get("required", [])
    fields = [
        f"  readonly {field}{'' if field in required else '?'}: {_type(schema)};"
        for field, schema in document["properties"].items()
    ]
    return "\n".join([f"/** {document['description']} */", f"export interface {name} {{", *fields, "}", ""])


def _type(schema: Schema) -> str:
    match schema:
        case {"$ref": str(reference)}:
            return reference.rpartition("/")[2]
        case {"const": value}:
            return json.dumps(value)
        case {"enum": [*values]}:
            return " | ".join(json.dumps(value) for value in values)
        case {"anyOf": [*choices]}:
            return " | ".join(_type(choice) for choice in choices)
        case {"type": "array", "items": items}:
            return f"ReadonlyArray<{_type(items)}>"
        case {"type": "integer" | "number"}:
            return "number"
        case {"type": "string" | "boolean" | "null" as plain}:
            return plain
        case _:
            raise TypeError(
                f"{schema} has no type in TypeScript: teach console/view/typescript.py to write it"
            )


if __name__ == "__main__":
    print(declarations(), end="")
