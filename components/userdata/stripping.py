"""Remove from the node's files what only readers of the repository need.

The statements that remain are those of the repository, in the same order, each on one line. Without empty lines, the
user data is 0.8 KB smaller, and without the line breaks in brackets 0.6 KB. So a traceback on a droplet has other line
numbers than the repository, but it also shows the text of each statement and the name of its function. The result does
not depend on the version of Python.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Collection, Iterator, Sequence

Position = tuple[int, int]
"""Line, counted from 1, and character in it, counted from 0."""

UNREAD = ": 0"
"""What stands for an annotation that no program reads. It needs no import."""

OPENING = frozenset("([{")
CLOSING = frozenset(")]}")


def stripped(path: str, text: str) -> str:
    """The text of a file without its comments. A Python module also loses what only tools and readers use."""
    return strip_module(text) if path.endswith(".py") else strip_comment_lines(text)


def strip_comment_lines(text: str) -> str:
    """A unit, a script or a configuration without the lines that are a comment."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("#") or line.startswith("#!"))


def strip_module(source: str) -> str:
    """A Python module without comments, documentation strings, annotations, and the imports that only those need.

    It has no empty lines but those inside strings, and a statement takes one line.

    A name without a value keeps an annotation, and so does a class's field, which a dataclass needs: ``UNREAD``.
    """
    lines = source.splitlines()
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    nodes = list(ast.walk(ast.parse(source)))
    comments = [(token.start, token.end, "") for token in tokens if token.type == tokenize.COMMENT]
    for start, end, rest in sorted([*comments, *_annotations(nodes, tokens, lines)], reverse=True):
        _replace(lines, start, end, rest)
    for (row, _), *_ in comments:
        lines[row - 1] = lines[row - 1].rstrip()
    for node in nodes:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            _remove_strings(node.body, lines)
    _remove_unused_imports(lines)
    return _with_whole_statements("".join(f"{line}\n" for line in lines))


def _with_whole_statements(source: str) -> str:
    """A module without empty lines and without line breaks in a statement, apart from those in its strings."""
    lines: list[str | None] = [*source.splitlines(), ""]
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NL:
            row = token.start[0]
            before, after = (lines[row - 1] or "").rstrip(), lines[row] or ""
            if before:
                after = after.lstrip()
                gap = "" if before[-1] in OPENING or after[:1] in CLOSING else " "
                after = f"{before}{gap}{after}"
            lines[row - 1 : row + 1] = None, after
    return "".join(f"{line}\n" for line in lines[:-1] if line is not None)


def _annotations(
    nodes: Sequence[ast.AST], tokens: Sequence[tokenize.TokenInfo], lines: Sequence[str]
) -> Iterator[tuple[Position, Position, str]]:
    """Start and end of each annotation, and what remains of it: nothing, not even its sign, or ``UNREAD``."""
    index = {token.start: number for number, token in enumerate(tokens)}
    fields = {id(field) for node in nodes if isinstance(node, ast.ClassDef) for field in node.body}
    for node in nodes:
        match node:
            case ast.arg(annotation=ast.expr()):
                name = index[_position(node, lines)]
                yield tokens[name].end, tokens[_next(tokens, name + 1, ",=)") - 1].end, ""
            case ast.FunctionDef(returns=ast.expr()) | ast.AsyncFunctionDef(returns=ast.expr()):
                arrow = _next(tokens, index[_position(node, lines)], ("->",))
                yield tokens[arrow - 1].end, tokens[_next(tokens, arrow, ":") - 1].end, ""
            case ast.AnnAssign(value=ast.expr()) if id(node) not in fields:
                colon = _next(tokens, index[_position(node, lines)], ":")
                yield tokens[colon - 1].end, tokens[_next(tokens, colon, "=") - 1].end, ""
            case ast.AnnAssign():
                colon = _next(tokens, index[_position(node, lines)], ":")
                end = tokens[_next(tokens, colon, "=") - 1].end if node.value else _end(node, lines)
                yield tokens[colon].start, end, UNREAD
            case _:
                pass


def _position(node: ast.arg | ast.stmt, lines: Sequence[str]) -> Position:
    """Where a node starts. ``ast`` counts bytes, and ``tokenize`` counts characters."""
    return _place(lines, node.lineno, node.col_offset)


def _end(node: ast.stmt, lines: Sequence[str]) -> Position:
    """Where a statement ends."""
    return _place(lines, node.end_lineno or node.lineno, node.end_col_offset or 0)


def _place(lines: Sequence[str], row: int, offset: int) -> Position:
    return row, len(lines[row - 1].encode()[:offset].decode())


def _next(tokens: Sequence[tokenize.TokenInfo], start: int, signs: Collection[str]) -> int:
    """The index of the next of ``signs`` that is not inside brackets. Raises ``ValueError`` if there is none."""
    depth = 0
    for number in range(start, len(tokens)):
        token = tokens[number]
        if depth == 0 and token.type == tokenize.OP and token.string in signs:
            return number
        depth += (token.string in OPENING) - (token.string in CLOSING)
    raise ValueError(f"no {' or '.join(signs)} after line {tokens[start].start[0]}")


def _replace(lines: list[str], start: Position, end: Position, rest: str) -> None:
    """Replace the text between two positions. The lines themselves stay."""
    (first, left), (last, right) = start, end
    if first == last:
        lines[first - 1] = lines[first - 1][:left] + rest + lines[first - 1][right:]
        return
    lines[first - 1] = lines[first - 1][:left] + rest
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


def _remove_unused_imports(lines: list[str]) -> None:
    """Remove the names that no statement uses from the imports at the top level. Only annotations have used them."""
    tree = ast.parse("\n".join(lines))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            kept = [name for name in statement.names if (name.asname or name.name).partition(".")[0] in used]
            if len(kept) < len(statement.names):
                first, last = statement.lineno, statement.end_lineno or statement.lineno
                statement.names = kept
                lines[first - 1 : last] = [ast.unparse(statement) if kept else "", *[""] * (last - first)]
