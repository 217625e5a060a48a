"""The node's files without what only readers of the repository need."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from components.userdata.render import archive_files
from components.userdata.stripping import strip_comment_lines, strip_module

MODULES = {name: file for name, file in archive_files().items() if name.endswith(".py")}
OTHERS = {name: file for name, file in archive_files().items() if name not in MODULES}


def statements(source: str) -> list[str]:
    """All statements with their positions, except strings that stand alone and ``pass``."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(ast.Constant(str())) | ast.Pass():
                continue
            case ast.stmt():
                own = [
                    ast.unparse(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)
                ]
                found.append(f"{node.lineno}:{node.col_offset} {type(node).__name__} {own}")
            case _:
                pass
    return found


@pytest.mark.parametrize("name", sorted(MODULES))
def test_stripping_a_module_keeps_every_statement_on_its_line(name: str) -> None:
    source = MODULES[name].read_text()
    bare = strip_module(source)
    assert statements(bare) == statements(source)
    assert len(bare) < len(source) or "#" not in source


def test_a_hash_sign_in_a_string_is_kept_and_an_empty_body_passes() -> None:
    source = 'class A:\n    """Doc."""\n\n\nvalue = "# kept"  # gone\n# gone\n'
    assert strip_module(source) == 'class A:\n    pass\n\n\nvalue = "# kept"\n\n'


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_units_and_scripts_lose_nothing_but_their_comments(name: str) -> None:
    lines = OTHERS[name].read_text().splitlines()
    bare = strip_comment_lines(OTHERS[name].read_text()).splitlines()
    assert bare == [line for line in lines if not line.startswith("#") or line == "#!/bin/sh"]
    assert ("#!/bin/sh" in bare) == (Path(name).name == "first-boot")
