"""A bucket that exists already is taken into the stack's state, and is not created."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_digitalocean as digitalocean
import pytest

from components.config.naming import ArgumentNames, ConfigNames, named_by
from components.identity.stack_state import stack_state
from components.infra import backup_bucket as module
from components.infra.backup_bucket import backup_bucket
from tests.unit.components.config.valid_settings import BACKUPS, settings

ERROR = "invocation of getSpacesBucket returned an error: "
MISSING = f"{ERROR}Spaces Bucket (backups) not found"
FOREIGN = f'{ERROR}error reading Spaces bucket "": Forbidden: Forbidden\n\tstatus code: 403, request id: '
AWAY = f'{ERROR}error reading Spaces bucket "": RequestError: send request failed'
URN = "urn:pulumi:fra1::etcd::digitalocean:index/spacesBucket:SpacesBucket::etcd-etcd-fra1-backups"


BY_CONFIGURATION = ConfigNames()


class Spaces:
    """Answers the provider's function with a bucket, or with an error. ``refusal`` is that of the creation."""

    def __init__(self, error: str) -> None:
        self._error = error
        self.asked: list[object] = []
        self.refusal = ""

    async def invoke(self, token: str, arguments: object, _: object) -> dict[str, str]:
        assert token == "digitalocean:index/getSpacesBucket:getSpacesBucket"
        self.asked.append(arguments)
        if self._error:
            raise Exception(self._error)  # noqa: TRY002 - Pulumi's own
        return {"id": "backups"}


async def imported(
    monkeypatch: pytest.MonkeyPatch, spaces: Spaces, known: str, caller: ConfigNames = BY_CONFIGURATION
) -> str | None:
    """The id by which the bucket is imported, if the state knows the bucket ``known``."""
    registered: list[pulumi.ResourceOptions] = []
    hooks: list[Any] = []

    class Hook(pulumi.ResourceHook):
        """Keeps its function. Pulumi registers hooks with an engine alone."""

        def __init__(self, name: str, callback: Any, opts: pulumi.ResourceHookOptions) -> None:
            self.name = name
            self.opts = opts
            hooks.append(callback)

    def bucket(_: str, *, name: str, region: str, opts: pulumi.ResourceOptions) -> None:
        assert (name, region) == ("backups", "fra1")
        registered.append(opts)

    monkeypatch.setattr(digitalocean, "SpacesBucket", bucket)
    monkeypatch.setattr(pulumi, "ResourceHook", Hook)
    monkeypatch.setattr(module.pulumi.runtime, "invoke_async", spaces.invoke)
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    state = stack_state({URN: {"outputs": {"name": known}}} if known else {}, "etcd-etcd-fra1")
    changed = settings(**BACKUPS, backupBucketCreate=True)
    stack = pulumi.Output.from_input(state)
    with named_by(caller):
        backup_bucket("etcd-etcd-fra1", changed, stack=stack, opts=pulumi.ResourceOptions())
    (opts,) = registered
    (transform,) = opts.transforms or ()
    args: Any = pulumi.ResourceTransformArgs(True, "", "", {"name": "backups"}, opts)
    result: Any = await transform(args)  # type: ignore[misc]
    (hook,) = hooks
    try:
        await hook(None)
    except pulumi.RunError as error:
        spaces.refusal = str(error)
    return None if result is None else result.opts.import_


@pytest.mark.parametrize(
    ("error", "known", "expected"),
    [
        ("", "", "fra1,backups"),
        ("", "another", "fra1,backups"),
        ("", "backups", None),
        (MISSING, "", None),
        (AWAY, "", None),
        (FOREIGN, "", None),
    ],
    ids=[
        "it exists",
        "it exists, and the setting names another than before",
        "the state has it",
        "it does not exist",
        "Spaces does not answer",
        "it belongs to somebody else",
    ],
)
async def test_an_existing_bucket_is_adopted_once(
    monkeypatch: pytest.MonkeyPatch, error: str, known: str, expected: str | None
) -> None:
    assert await imported(monkeypatch, Spaces(error), known) == expected


async def test_a_run_whose_state_has_the_bucket_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    spaces = Spaces("")
    await imported(monkeypatch, spaces, "backups")
    assert spaces.asked == []


async def test_only_a_bucket_that_the_keys_may_not_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for error in ("", MISSING, AWAY):
        spaces = Spaces(error)
        await imported(monkeypatch, spaces, "")
        assert spaces.refusal == ""
    spaces = Spaces(FOREIGN)
    await imported(monkeypatch, spaces, "")
    assert spaces.refusal.startswith(
        "etcd:backupBucket is backups: Spaces refuses it to the keys digitalocean:spacesAccessId"
    )
    assert "choose another name" in spaces.refusal


async def test_a_refused_bucket_is_named_as_its_caller_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # The engine calls transform and hook outside of the caller's context.
    spaces = Spaces(FOREIGN)
    await imported(monkeypatch, spaces, "", ArgumentNames())
    assert spaces.refusal.startswith("args.backups.bucket is backups: Spaces refuses it")
