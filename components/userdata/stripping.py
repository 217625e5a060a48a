"""Remove from the node's files what only readers of the repository need.

What stays is on its line and as it was written. A traceback on a droplet names the line in the repository, and the
result does not depend on the version of Python.
"""

from __future__ import annotations

import ast
import io
import tokenize


def stripped(path: str, text: str) -> str:
    """The text of a file without its comments. A Python module also loses its documentation strings."""
    return strip_module(text) if path.endswith(".py") else strip_comment_lines(text)


def strip_comment_lines(text: str) -> str:
    """A unit, a script or a configuration without the lines that are a comment."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("#") or line.startswith("#!"))


def strip_module(source: str) -> str:
    """A Python module without comments and documentation strings, which are a quarter of it when packed."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            _remove_strings(node.body, lines)
    return "".join(f"{line}\n" for line in lines)


def _remove_strings(body: list[ast.stmt], lines: list[str]) -> None:
    strings = [
        statement
        for statement in body
        if isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    ]
    for string in strings:
        first, last = string.lineno, string.end_lineno or string.lineno
        # A body needs at least one statement.
        kept = " " * string.col_offset + "pass" if string is body[0] and len(strings) == len(body) else ""
        lines[first - 1 : last] = [kept] + [""] * (last - first)
