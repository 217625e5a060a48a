"""Each caller reads its own name of a setting."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, get_args, get_origin

import pulumi
import pytest
from pydantic import ValidationError

from components.arguments.types import EtcdClusterArgs
from components.config.hooks import resource_hook
from components.config.loading import describe_errors
from components.config.naming import (
    GROUPS,
    ArgumentNames,
    ConfigNames,
    argument_of,
    in_callers_words,
    key_of,
    named_by,
)
from components.config.settings import Settings
from components.config.unknown_keys import setting_keys
from tests.unit.components.config.valid_settings import VALID

COMPONENTS = Path(__file__).parents[4] / "components"
OWN_WORDS = {
    "config/naming.py",
    # Tables and texts of the node, which in_callers_words rewrites.
    "rollout/remedies.py",
    "shared/stored_backups.py",
    # Tools of a checkout, whose stack has a file.
    "backups/adopt.py",
    "config/official_release.py",
    # A record whose text is in stacks that exist.
    "infra/protection.py",
}
"""The modules that may write a key of ``pulumi config``."""
OF_PROVIDERS = {
    "access.digitaloceanToken",
    "access.digitaloceanApiUrl",
    "access.cloudflareToken",
    "access.cloudflareApiUrl",
}
"""The arguments that stand for the configuration of an explicit provider."""


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def arguments() -> set[str]:
    """All arguments in groups, such as ``members.dropletSize``."""
    found: set[str] = set()
    for group, annotation in EtcdClusterArgs.__annotations__.items():
        kind: Any = get_args(annotation)[0] if get_origin(annotation) is not None else annotation
        found |= {f"{group}.{camel(name)}" for name in getattr(kind, "__annotations__", {})}
    return found


def test_every_setting_has_a_key_and_an_argument() -> None:
    keys = [key for keys in GROUPS.values() for key in keys]
    assert sorted(keys) == sorted(setting_keys())
    assert {argument_of(key) for key in keys} == arguments() - OF_PROVIDERS


@pytest.mark.parametrize("key", sorted(setting_keys()))
def test_a_setting_is_named_as_its_caller_names_it(key: str) -> None:
    assert key_of(key) == f"etcd:{key}"
    with named_by(ArgumentNames()):
        assert key_of(key) == f"args.{argument_of(key)}"
        assert in_callers_words(f"set etcd:{key}, please") == f"set args.{argument_of(key)}, please"


@pytest.mark.parametrize(
    ("changes", "by_config", "by_arguments"),
    [
        ({"size": 4}, "etcd:size is 4: use an odd", "args.members.size is 4: use an odd"),
        (
            {"caValidityHours": 10},
            "etcd:caValidityHours is 10: it must be longer than etcd:certificateValidityHours, 8760",
            "args.tls.caValidityHours is 10: it must be longer than args.tls.certificateValidityHours, 8760",
        ),
        (
            {"backupBucket": "backups"},
            "etcd:backupAccessKey is not set: the bucket backups needs it: run pulumi config set --secret etcd:backup",
            "args.backups.accessKey is not set: the bucket backups needs it: set args.backups.accessKey, as a secret",
        ),
        (
            {"extraFlags": ["max-txn-ops=1"]},
            "etcd:extraFlags[0] is max-txn-ops=1: max-txn-ops has a key of its own: set etcd:maxTxnOps",
            "args.etcd.extraFlags[0] is max-txn-ops=1: max-txn-ops has a key of its own: set args.etcd.maxTxnOps",
        ),
    ],
)
def test_one_rule_names_a_key_for_one_caller_and_an_argument_for_the_other(
    changes: dict[str, Any], by_config: str, by_arguments: str
) -> None:
    for names, expected in ((ConfigNames(), by_config), (ArgumentNames(), by_arguments)):
        with named_by(names):
            with pytest.raises(ValidationError) as caught:
                Settings.model_validate({**VALID, **changes})
            (error,) = describe_errors(caught.value)
        assert error.startswith(expected)


def test_advice_is_a_command_for_one_caller_and_a_change_for_the_other() -> None:
    advice = (
        "Enlarge it: pulumi config set etcd:volumeSize GIB, pulumi up, and pulumi config rm etcd:rollout."
    )
    assert in_callers_words(advice) == advice
    with named_by(ArgumentNames()):
        assert in_callers_words(advice) == (
            "Enlarge it: set args.members.volumeSize to GIB, pulumi up, and remove args.maintenance.rollout."
        )


async def test_a_hook_speaks_to_the_caller_of_its_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    acts: list[Any] = []
    monkeypatch.setattr(pulumi, "ResourceHook", lambda _, act, **__: acts.append(act))
    said: list[str] = []
    with named_by(ArgumentNames()):
        resource_hook("one", lambda _: said.append(key_of("size")))
    resource_hook("other", lambda _: said.append(key_of("size")))
    for act in acts:
        await act(None)
    assert said == ["args.members.size", "etcd:size"]


def test_no_other_text_of_the_program_has_a_key_of_its_own() -> None:
    found: list[str] = []
    for file in COMPONENTS.rglob("*.py"):
        if file.relative_to(COMPONENTS).as_posix() in OWN_WORDS:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        docstrings = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        found += [
            f"{file.name}:{node.lineno} {node.value}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
            and re.search(r"etcd:(?!index:)[a-zA-Z]", node.value)
        ]
    assert found == []
