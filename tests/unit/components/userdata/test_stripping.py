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
    """All statements with their indentation, without annotations.

    Strings that stand alone, ``pass`` and imports are left out.
    """
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(ast.Constant(str())) | ast.Pass() | ast.Import() | ast.ImportFrom():
                continue
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                node.returns = None
                for argument in ast.walk(node.args):
                    if isinstance(argument, ast.arg):
                        argument.annotation = None
            case _:
                pass
        if isinstance(node, ast.AnnAssign):
            value = ast.unparse(node.value) if node.value else ""
            found.append(f"{node.col_offset} Assign {[ast.unparse(node.target), value]}")
        elif isinstance(node, ast.stmt):
            own = [
                ast.unparse(child)
                for child in ast.iter_child_nodes(node)
                if isinstance(child, ast.expr | ast.arguments)
            ]
            found.append(f"{node.col_offset} {type(node).__name__} {own}")
    return found


def imported(source: str) -> dict[str, str]:
    """What a module imports, by the name that it gives to it."""
    return {
        name.asname or name.name.partition(".")[0]: f"{getattr(node, 'module', '')} {name.name}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }


def names_read(source: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_stripping_a_module_keeps_every_statement(name: str) -> None:
    source = MODULES[name].read_text()
    bare = strip_module(source)
    assert statements(bare) == statements(source)
    assert all(line.strip() for line in bare.splitlines())
    assert len(bare) < len(source) or "#" not in source


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_module_keeps_the_imports_that_its_statements_use(name: str) -> None:
    source = MODULES[name].read_text()
    bare = strip_module(source)
    used = {name: origin for name, origin in imported(source).items() if name in names_read(bare)}
    assert imported(bare) == used


@pytest.mark.parametrize("name", sorted(MODULES))
def test_annotations_that_remain_are_not_read(name: str) -> None:
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
                assert ast.unparse(node.annotation) == "0"
            case _:
                pass


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(a: int, *b: str, c: int = 1, **d: X) -> None: ...", "def f(a, *b, c = 1, **d): ..."),
        ("def f(a: Callable[[int], str] = g) -> dict[str, int]: ...", "def f(a = g): ..."),
        ("async def f(a: (int | None)) -> (int | None): ...", "async def f(a): ..."),
        ("def f(\n    a: dict[\n        str, int\n    ],  # c\n) -> int: ...", "def f(a ,): ..."),
        ("def f(a: int = len('ü'), b: str = '->') -> str: ...", "def f(a = len('ü'), b = '->'): ..."),
        ("def f(\n    a: int  # c\n) -> int: return lambda b: b", "def f(a): return lambda b: b"),
        ("a: dict[str, int] = {}\nb: int", "a = {}\nb: 0"),
        ("def f():\n    a: (int)  # c", "def f():\n    a: 0"),
        ("def f():\n    a[1:].b: int = 1", "def f():\n    a[1:].b = 1"),
        ("class A:\n    a: int = 1\n    b: str", "class A:\n    a: 0 = 1\n    b: 0"),
        ("class A:\n    def f(self):\n        a: int = 1", "class A:\n    def f(self):\n        a = 1"),
    ],
)
def test_annotations_are_cut_where_they_stand(source: str, expected: str) -> None:
    assert strip_module(source) == f"{expected}\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from __future__ import annotations\na = 1", "a = 1"),
        ("import a\nimport b.c\nb.c.f()", "import b.c\nb.c.f()"),
        ("from a import b, c as d, e as f\nd(b)", "from a import b, c as d\nd(b)"),
        ("from .a import (\n    b,\n    c,\n)\nx: b = c", "from .a import c\nx = c"),
        ("import a\ndef f():\n    import b\n    a.c", "import a\ndef f():\n    import b\n    a.c"),
    ],
)
def test_imports_for_annotations_are_cut(source: str, expected: str) -> None:
    assert strip_module(source) == f"{expected}\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = 1\n\n\n# c\nb = 2", "a = 1\nb = 2"),
        ('a = """\n\nb"""\n\nc = 1', 'a = """\n\nb"""\nc = 1'),
        ('a = f"""{b}\n\n{c}"""\n\nd = 1', 'a = f"""{b}\n\n{c}"""\nd = 1'),
    ],
)
def test_only_strings_keep_their_empty_lines(source: str, expected: str) -> None:
    assert strip_module(source) == f"{expected}\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = (\n    1,\n    # c\n    2,\n)", "a = (1, 2,)"),
        (
            "def f():\n    return g(\n        [\n            1,\n        ]\n    )",
            "def f():\n    return g([1,])",
        ),
        ('a = (\n    "b"\n    "c"\n)', 'a = ("b" "c")'),
        ('a = (\n    """\n  b""",\n    1,\n)', 'a = ("""\n  b""", 1,)'),
    ],
)
def test_a_statement_takes_one_line(source: str, expected: str) -> None:
    assert strip_module(source) == f"{expected}\n"


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_units_and_scripts_lose_nothing_but_their_comments(name: str) -> None:
    lines = OTHERS[name].read_text().splitlines()
    bare = strip_comment_lines(OTHERS[name].read_text()).splitlines()
    assert bare == [line for line in lines if not line.startswith("#") or line == "#!/bin/sh"]
    assert ("#!/bin/sh" in bare) == (Path(name).name == "first-boot")
