"""The stored state of a local cloud: pydantic documents in one SQLite table."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import ClassVar, TypeVar

from pydantic import BaseModel

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, id)
);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


class Document(BaseModel):
    """A stored document. Each subclass has a kind, and its key unless that is ``id``."""

    KIND: ClassVar[str]

    @property
    def key(self) -> str:
        """The key, which is unique among documents of the same kind."""
        return str(getattr(self, "id"))  # noqa: B009 - subclasses have ids of different types


D = TypeVar("D", bound=Document)


class Store:
    """Documents by kind and key, in the order in which they were first stored. Not thread-safe.

    A store shows the documents of one account. All accounts share the database and its counters.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Open or create the database at ``path``; without a path it is in memory. The store is the first account's."""
        self._prefix = ""
        self._told: list[Callable[[], None]] = []
        if path is not None:
            path.touch(mode=0o600)  # it holds user data, which holds keys
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(SCHEMA)

    def of(self, account: str) -> Store:
        """Return the documents of another account, given by its name; an empty name is the first account."""
        store = copy(self)
        # Databases of earlier versions have the documents of the first account, by their kind alone.
        store._prefix = f"{account}/" if account else ""
        return store

    def tell(self, changed: Callable[[], None]) -> None:
        """Call a function after each change of a document of any account."""
        self._told.append(changed)

    def close(self) -> None:
        """Close the database. Finished calls are already stored."""
        self._database.close()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Store all calls of a block atomically. An exception rolls them back."""
        if self._database.in_transaction:
            yield
            return
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def put(self, document: Document) -> None:
        """Store a document. It replaces a document with the same kind and key."""
        self._database.execute(
            "INSERT INTO documents (kind, id, body) VALUES (?, ?, ?) "
            "ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            (self._kind(document), document.key, document.model_dump_json()),
        )
        self._changed()

    def find(self, kind: type[D], key: str | int) -> D | None:
        """Return the document with this key, or ``None``."""
        row = self._database.execute(
            "SELECT body FROM documents WHERE kind = ? AND id = ?", (self._kind(kind), str(key))
        ).fetchone()
        return kind.model_validate_json(row[0]) if row else None

    def all(self, kind: type[D]) -> list[D]:
        """Return all documents of a kind, the oldest first."""
        rows = self._database.execute(
            "SELECT body FROM documents WHERE kind = ? ORDER BY position", (self._kind(kind),)
        ).fetchall()
        return [kind.model_validate_json(body) for (body,) in rows]

    def everywhere(self, kind: type[D]) -> list[D]:
        """Return the documents of a kind of all accounts, the oldest first."""
        rows = self._database.execute(
            "SELECT body FROM documents WHERE kind = ? OR kind GLOB ? ORDER BY position",
            (kind.KIND, f"*/{kind.KIND}"),
        ).fetchall()
        return [kind.model_validate_json(body) for (body,) in rows]

    def delete(self, document: Document) -> None:
        """Delete a document. A document that is not stored is no error."""
        self._database.execute(
            "DELETE FROM documents WHERE kind = ? AND id = ?", (self._kind(document), document.key)
        )
        self._changed()

    def next(self, counter: str, first: int) -> int:
        """Return the next number of a counter, which starts at ``first``. Numbers are never reused."""
        row = self._database.execute(
            "INSERT INTO counters (name, value) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            (counter, first),
        ).fetchone()
        return int(row[0])

    def _changed(self) -> None:
        for tell in self._told:
            tell()

    def _kind(self, document: Document | type[Document]) -> str:
        return f"{self._prefix}{document.KIND}"
