"""The format of a recorded history.

A client process writes one JSON document a line. Times are nanoseconds of ``CLOCK_MONOTONIC``, which all processes of a
machine share. Revisions are etcd's. A member is named by its ID in the answer's header, in hexadecimal digits.

Two kinds of records exist: a call has a begin, an end and an outcome. An observation has one time.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

SECOND = 1_000_000_000
"""Nanoseconds."""


class Outcome(StrEnum):
    """What a client knows about its call."""

    OK = "ok"
    """The cluster answered."""

    FAILED = "failed"
    """The call certainly had no effect, and will have none."""

    UNKNOWN = "unknown"
    """The call may have taken effect, or may take effect later."""


class Document(BaseModel):
    """A JSON document that cannot be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class KeyValue(Document):
    """A key as a member returned it."""

    key: str
    value: str
    mod_revision: int


class Written(Document):
    """The answer to a put."""

    revision: int
    member: str = ""


class Read(Document):
    """The answer to a get or a range."""

    revision: int
    """The revision of the store that was read, from the header."""

    found: tuple[KeyValue, ...]
    member: str = ""


class Swapped(Document):
    """The answer to a transaction."""

    revision: int
    succeeded: bool
    """Whether the comparison was true, and the value was written."""

    found: tuple[KeyValue, ...] | None = None
    """The key as the transaction found it when the comparison was false; ``None`` if it did not read it."""

    member: str = ""


class Deleted(Document):
    """The answer to a delete."""

    revision: int
    deleted: int
    """0 if the key did not exist, else 1."""

    member: str = ""


class Granted(Document):
    """The answer to a grant."""

    lease: int
    ttl: int
    """Seconds."""


class Renewed(Document):
    """The answer to a keep-alive."""

    ttl: int
    """Seconds; 0 or less if the lease no longer exists."""


class Revoked(Document):
    """The answer to a revocation."""

    revision: int


class Call(Document):
    """A call of a client."""

    client: str
    call: int
    """The number of the call, unique within the client."""

    begin: int
    """Before the client sent anything."""

    end: int | None = None
    """After the client had the outcome; ``None`` if it never had it."""

    outcome: Outcome

    @property
    def acknowledged(self) -> bool:
        """Whether the cluster answered."""
        return self.outcome is Outcome.OK

    @property
    def ended(self) -> int:
        """The end of a call that has one."""
        if self.end is None:
            raise ValueError(f"{self.who} has no end")
        return self.end

    @property
    def who(self) -> str:
        """The client and the number of the call."""
        return f"call {self.call} of client {self.client}"

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.end is not None and self.end < self.begin:
            raise ValueError("end is before begin")
        if self.outcome is not Outcome.UNKNOWN and self.end is None:
            raise ValueError(f"outcome is {self.outcome} but there is no end")
        if self.acknowledged != (getattr(self, "answer", None) is not None):
            raise ValueError(f"outcome is {self.outcome}: calls have an answer if, and only if, it is ok")
        return self


class Put(Call):
    """A write of one key."""

    operation: Literal["put"] = "put"
    key: str
    value: str
    lease: int = 0
    """The lease of the key, or 0."""

    answer: Written | None = None


class Get(Call):
    """A read of one key."""

    operation: Literal["get"] = "get"
    key: str
    serializable: bool
    """Whether the member may answer from its own store, without asking the others."""

    answer: Read | None = None


class Range(Call):
    """A read of all keys with a prefix."""

    operation: Literal["range"] = "range"
    prefix: str
    serializable: bool
    answer: Read | None = None


class CompareAndSwap(Call):
    """A transaction: one key is written if its value, or its revision, is as expected."""

    operation: Literal["txn"] = "txn"
    key: str
    value: str
    """The new value."""

    expected_value: str | None = None
    expected_mod_revision: int | None = None
    """0 if the key must not exist. Either this or ``expected_value`` is set."""

    answer: Swapped | None = None

    @model_validator(mode="after")
    def _compares_one_thing(self) -> Self:
        if (self.expected_value is None) == (self.expected_mod_revision is None):
            raise ValueError("set either expected_value or expected_mod_revision")
        return self


class Delete(Call):
    """A deletion of one key."""

    operation: Literal["delete"] = "delete"
    key: str
    answer: Deleted | None = None


class LeaseGrant(Call):
    """A request for a lease."""

    operation: Literal["lease-grant"] = "lease-grant"
    ttl: int
    """The seconds that the client asked for."""

    answer: Granted | None = None


class LeaseKeepAlive(Call):
    """One renewal of a lease."""

    operation: Literal["lease-keep-alive"] = "lease-keep-alive"
    lease: int
    answer: Renewed | None = None


class LeaseRevoke(Call):
    """The end of a lease by its client. Its keys are deleted."""

    operation: Literal["lease-revoke"] = "lease-revoke"
    lease: int
    answer: Revoked | None = None


class Observation(Document):
    """What a client saw without a call of its own."""

    client: str
    at: int
    """When the client had it."""


class LeaseExpired(Observation):
    """A member told that a lease no longer exists."""

    operation: Literal["lease-expired"] = "lease-expired"
    lease: int


class WatchStart(Observation):
    """A stream of a watch begins: the first one, or the next one after ``WatchEnd``."""

    operation: Literal["watch-start"] = "watch-start"
    watch: str
    """The name of the watch, unique within the client. Its streams share it."""

    prefix: str
    revision: int
    """The first revision that the client asked for."""


class Event(Document):
    """A change of a key."""

    key: str
    value: str | None
    """``None`` if the key was deleted."""

    mod_revision: int


class WatchEvents(Observation):
    """One response of a stream, with events."""

    operation: Literal["watch-events"] = "watch-events"
    watch: str
    events: tuple[Event, ...]


class WatchProgress(Observation):
    """A member told that the stream has all events up to a revision."""

    operation: Literal["watch-progress"] = "watch-progress"
    watch: str
    revision: int


class WatchEnd(Observation):
    """A stream ended."""

    operation: Literal["watch-end"] = "watch-end"
    watch: str
    reason: str
    compact_revision: int = 0
    """The first revision that the cluster still has, if the stream ended because an earlier one was compacted."""


Record = Annotated[
    Put
    | Get
    | Range
    | CompareAndSwap
    | Delete
    | LeaseGrant
    | LeaseKeepAlive
    | LeaseRevoke
    | LeaseExpired
    | WatchStart
    | WatchEvents
    | WatchProgress
    | WatchEnd,
    Field(discriminator="operation"),
]

RECORD: TypeAdapter[Record] = TypeAdapter(Record)
