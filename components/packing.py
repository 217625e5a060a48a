"""A Python package as an archive that is small, and the same bytes on every operator's machine."""

from __future__ import annotations

import ast
import bz2
import io
import tarfile
import tokenize
from pathlib import Path


def pack(folder: Path) -> bytes:
    """The package's modules, without their comments, as a compressed tar archive.

    Compressed by bzip2, whose output has not changed since 2000. That of zlib depends on the library that Python
    was built with, and another operator's machine would then replace every droplet.
    """
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in sorted(folder.glob("*.py")):
            entry = tarfile.TarInfo(f"{folder.name}/{file.name}")
            content = without_comments(file.read_text()).encode()
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return bz2.compress(raw.getvalue())


def without_comments(source: str) -> str:
    """A module without comments and documentation strings, which are a quarter of it when packed.

    Whatever stays, stays on its line and as it was written, so that a traceback on a droplet names the line in the
    repository, and the result does not depend on the version of Python.
    """
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            _drop_texts(node.body, lines)
    return "".join(f"{line}\n" for line in lines)


def _drop_texts(body: list[ast.stmt], lines: list[str]) -> None:
    texts = [
        statement
        for statement in body
        if isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    ]
    for text in texts:
        first, last = text.lineno, text.end_lineno or text.lineno
        # A body of nothing else would end with it.
        kept = " " * text.col_offset + "pass" if text is body[0] and len(texts) == len(body) else ""
        lines[first - 1 : last] = [kept] + [""] * (last - first)
