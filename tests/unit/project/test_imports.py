"""How modules of the package import each other."""

from __future__ import annotations

import ast

from tests.unit.project.stack_files import CHECKOUT


def test_the_package_does_not_import_itself_by_a_name() -> None:
    # A wheel gives the folder another name: docs/decisions/package.md.
    by_name = [
        f"{file.relative_to(CHECKOUT)}:{node.lineno}"
        for file in sorted(CHECKOUT.glob("components/**/*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if (
            isinstance(node, ast.ImportFrom)
            and not node.level
            and (node.module or "").split(".")[0] == "components"
        )
        or (
            isinstance(node, ast.Import)
            and any(name.name.split(".")[0] == "components" for name in node.names)
        )
    ]
    assert by_name == []
