"""Remove from the node's files what only readers of the repository need.

Whatever remains stays on its line. A traceback on a droplet names the line in the repository, and the result does not
depend on the version of Python.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Collection, Iterator, Sequence

Position = tuple[int, int]
"""Line, counted from 1, and character in it, counted from 0."""

OPENING = frozenset("([{")
CLOSING = frozenset(")]}")


def stripped(path: str, text: str) -> str:
    """The text of a file without its comments. A Python module also loses documentation strings and annotations."""
    return strip_module(text) if path.endswith(".py") else strip_comment_lines(text)


def strip_comment_lines(text: str) -> str:
    """A unit, a script or a configuration without the lines that are a comment."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("#") or line.startswith("#!"))


def strip_module(source: str) -> str:
    """A Python module without comments, documentation strings and annotations.

    A class keeps the annotations of its fields, since a dataclass needs them.
    """
    lines = source.splitlines()
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    nodes = list(ast.walk(ast.parse(source)))
    comments = [(token.start, token.end) for token in tokens if token.type == tokenize.COMMENT]
    for start, end in sorted([*comments, *_annotations(nodes, tokens, lines)], reverse=True):
        _cut(lines, start, end)
    for (row, _), _ in comments:
        lines[row - 1] = lines[row - 1].rstrip()
    for node in nodes:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            _remove_strings(node.body, lines)
    return "".join(f"{line}\n" for line in lines)


def _annotations(
    nodes: Sequence[ast.AST], tokens: Sequence[tokenize.TokenInfo], lines: Sequence[str]
) -> Iterator[tuple[Position, Position]]:
    """Start and end of each annotation that the program does not need, with the sign before it."""
    index = {token.start: number for number, token in enumerate(tokens)}
    fields = {id(field) for node in nodes if isinstance(node, ast.ClassDef) for field in node.body}
    for node in nodes:
        match node:
            case ast.arg(annotation=ast.expr()):
                name = index[_position(node, lines)]
                yield tokens[name].end, tokens[_next(tokens, name + 1, ",=)") - 1].end
            case ast.FunctionDef(returns=ast.expr()) | ast.AsyncFunctionDef(returns=ast.expr()):
                arrow = _next(tokens, index[_position(node, lines)], ("->",))
                yield tokens[arrow - 1].end, tokens[_next(tokens, arrow, ":") - 1].end
            case ast.AnnAssign(value=ast.expr()) if id(node) not in fields:
                colon = _next(tokens, index[_position(node, lines)], ":")
                yield tokens[colon - 1].end, tokens[_next(tokens, colon, "=") - 1].end
            case _:
                pass


def _position(node: ast.arg | ast.stmt, lines: Sequence[str]) -> Position:
    """Where a node starts. ``ast`` counts bytes, and ``tokenize`` counts characters."""
    before = lines[node.lineno - 1].encode()[: node.col_offset]
    return node.lineno, len(before.decode())


def _next(tokens: Sequence[tokenize.TokenInfo], start: int, signs: Collection[str]) -> int:
    """The index of the next of ``signs`` that is not inside brackets. Raises ``ValueError`` if there is none."""
    depth = 0
    for number in range(start, len(tokens)):
        token = tokens[number]
        if depth == 0 and token.type == tokenize.OP and token.string in signs:
            return number
        depth += (token.string in OPENING) - (token.string in CLOSING)
    raise ValueError(f"no {' or '.join(signs)} after line {tokens[start].start[0]}")


def _cut(lines: list[str], start: Position, end: Position) -> None:
    """Remove the text between two positions. The lines themselves stay."""
    (first, left), (last, right) = start, end
    if first == last:
        lines[first - 1] = lines[first - 1][:left] + lines[first - 1][right:]
        return
    lines[first - 1] = lines[first - 1][:left]
    lines[first : last - 1] = [""] * (last - first - 1)
    lines[last - 1] = lines[last - 1][right:]


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
