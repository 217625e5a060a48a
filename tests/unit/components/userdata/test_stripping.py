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
    """All statements with their positions, without the annotations that are cut.

    Strings that stand alone and ``pass`` are left out.
    """
    found: list[str] = []
    tree = ast.parse(source)
    fields = [field for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for field in node.body]
    for node in ast.walk(tree):
        match node:
            case ast.Expr(ast.Constant(str())) | ast.Pass():
                continue
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                node.returns = None
                for argument in ast.walk(node.args):
                    if isinstance(argument, ast.arg):
                        argument.annotation = None
            case _:
                pass
        if isinstance(node, ast.AnnAssign) and node.value is not None and node not in fields:
            found.append(
                f"{node.lineno}:{node.col_offset} Assign {[ast.unparse(node.target), ast.unparse(node.value)]}"
            )
        elif isinstance(node, ast.stmt):
            own = [
                ast.unparse(child)
                for child in ast.iter_child_nodes(node)
                if isinstance(child, ast.expr | ast.arguments)
            ]
            found.append(f"{node.lineno}:{node.col_offset} {type(node).__name__} {own}")
    return found


@pytest.mark.parametrize("name", sorted(MODULES))
def test_stripping_a_module_keeps_every_statement_on_its_line(name: str) -> None:
    source = MODULES[name].read_text()
    bare = strip_module(source)
    assert statements(bare) == statements(source)
    assert len(bare.splitlines()) == len(source.splitlines())
    assert len(bare) < len(source) or "#" not in source


@pytest.mark.parametrize("name", sorted(MODULES))
def test_only_fields_of_classes_keep_their_annotations(name: str) -> None:
    tree = ast.parse(strip_module(MODULES[name].read_text()))
    fields = [field for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for field in node.body]
    for node in ast.walk(tree):
        match node:
            case ast.arg():
                assert node.annotation is None
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                assert node.returns is None
            case ast.AnnAssign():
                assert node in fields or node.value is None
            case _:
                pass


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(a: int, *b: str, c: int = 1, **d: X) -> None: ...", "def f(a, *b, c = 1, **d): ..."),
        ("def f(a: Callable[[int], str] = g) -> dict[str, int]: ...", "def f(a = g): ..."),
        ("async def f(a: (int | None)) -> (int | None): ...", "async def f(a): ..."),
        ("def f(\n    a: dict[\n        str, int\n    ],  # c\n) -> int: ...", "def f(\n    a\n\n,\n): ..."),
        ("def f(a: int = len('ü'), b: str = '->') -> str: ...", "def f(a = len('ü'), b = '->'): ..."),
        ("def f(\n    a: int  # c\n) -> int: return lambda b: b", "def f(\n    a\n): return lambda b: b"),
        ("a: dict[str, int] = {}\nb: int", "a = {}\nb: int"),
        ("def f():\n    a[1:].b: int = 1", "def f():\n    a[1:].b = 1"),
        ("class A:\n    a: int = 1\n    b: str", "class A:\n    a: int = 1\n    b: str"),
        ("class A:\n    def f(self):\n        a: int = 1", "class A:\n    def f(self):\n        a = 1"),
    ],
)
def test_annotations_are_cut_where_they_stand(source: str, expected: str) -> None:
    assert strip_module(source) == f"{expected}\n"


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_units_and_scripts_lose_nothing_but_their_comments(name: str) -> None:
    lines = OTHERS[name].read_text().splitlines()
    bare = strip_comment_lines(OTHERS[name].read_text()).splitlines()
    assert bare == [line for line in lines if not line.startswith("#") or line == "#!/bin/sh"]
    assert ("#!/bin/sh" in bare) == (Path(name).name == "first-boot")
