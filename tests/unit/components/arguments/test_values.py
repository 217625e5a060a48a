"""Arguments and stack configuration have the same rules and the same messages."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from components.arguments.types import EtcdClusterArgs
from components.arguments.values import PLACEHOLDERS, Arguments, arguments_of, read_arguments
from components.config.errors import ConfigurationError
from components.config.naming import ArgumentNames, in_callers_words, named_by
from components.config.running_clusters import RunningCluster
from components.config.settings import Settings
from tests.unit.components.config.invalid_settings import BAD_BACKUPS, BAD_FLAGS, BAD_SETTINGS
from tests.unit.components.config.valid_settings import BACKUPS, VALID

EXPLICIT = ("digitalocean", "cloudflare")
"""With explicit providers, the tokens of the default ones are not asked for."""


def read(args: Any, component: str = "") -> Arguments:
    with named_by(ArgumentNames()):
        return read_arguments(args, component=component, explicit=EXPLICIT)


def errors(args: Any, component: str = "") -> list[str]:
    with pytest.raises(ConfigurationError) as refusal:
        read(args, component)
    return str(refusal.value).splitlines()


def with_groups(**groups: Any) -> EtcdClusterArgs:
    args: Any = arguments_of(VALID)
    return {**args, **{group: {**args.get(group, {}), **values} for group, values in groups.items()}}  # type: ignore[return-value]


@pytest.mark.parametrize(("changes", "expected"), [*BAD_SETTINGS, *BAD_BACKUPS, *BAD_FLAGS])
def test_the_cases_of_the_configuration_are_refused_as_arguments(
    changes: dict[str, Any], expected: str
) -> None:
    values = {key: value for key, value in {**VALID, **changes}.items() if value is not None}
    with named_by(ArgumentNames()):
        wanted = in_callers_words(expected)
        wanted = wanted.replace(
            "run pulumi config set --secret args.backups.secretKey", "set args.backups.secretKey, as a secret"
        )
    assert any(error.startswith(wanted.partition("\n")[0]) for error in errors(arguments_of(values)))


def test_a_caller_without_a_checkout_learns_where_the_checksum_is() -> None:
    (error,) = errors(with_groups(etcd={"version": "3.6.99"}))
    assert error.endswith(
        ". Set args.etcd.releaseSha256 to the digits before etcd-v3.6.99-linux-amd64.tar.gz in "
        "https://github.com/etcd-io/etcd/releases/download/v3.6.99/SHA256SUMS"
    )


async def test_a_late_wrong_argument_waits_for_the_change_of_another_cluster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    other = RunningCluster("other", 60)
    other.begin()
    late = read(with_groups(network={"vpc_id": pulumi.Output.from_input("no id")}), "store")
    refused = asyncio.ensure_future(pulumi.Output.from_input(late.vpc_id).future())
    done, _ = await asyncio.wait({refused}, timeout=0.5)
    assert not done
    other.end()
    with pytest.raises(ConfigurationError, match=r"args\.network\.vpcId is no id"):
        await refused


async def test_settings_survive_the_way_through_the_arguments() -> None:
    values = {**VALID, **BACKUPS, "size": 5, "quotaGiB": 4, "extraNames": ["etcd"], "protect": True}
    assert read(arguments_of(values)).settings == Settings.model_validate(values)


@pytest.mark.parametrize("key", sorted(PLACEHOLDERS))
async def test_a_value_that_may_be_late_has_a_placeholder_that_is_valid(key: str) -> None:
    values = {**VALID, **BACKUPS}
    real = {**values, key: PLACEHOLDERS[key]}
    late = arguments_of({**values, key: pulumi.Output.from_input(PLACEHOLDERS[key])})
    read_late = read(late)
    assert read_late.settings == Settings.model_validate(real)
    assert await read_late.resolved.future() == read_late.settings


async def test_a_late_value_is_validated_when_it_is_known() -> None:
    arguments = read(with_groups(access={"discovery_token": pulumi.Output.from_input("a token")}))
    for late in (arguments.resolved, arguments.discovery_token):
        with pytest.raises(
            ConfigurationError, match=r"^args\.access\.discoveryToken is not a token: it has a space, a line"
        ):
            await pulumi.Output.from_input(late).future()  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["access_key", "secret_key"])
@pytest.mark.parametrize("value", [" ", "a b", "a\n", "schlüssel"])
async def test_a_late_key_of_the_bucket_that_no_header_can_have_is_refused(key: str, value: str) -> None:
    bucket = {"bucket": "backups", "access_key": "a", "secret_key": "s"}
    arguments = read(with_groups(backups={**bucket, key: pulumi.Output.from_input(value)}))
    with pytest.raises(
        ConfigurationError, match=r"^args\.backups\.\w+Key is not a key: it has a space"
    ) as refused:
        await arguments.resolved.future()
    assert "schlüssel" not in str(refused.value)


async def test_the_id_of_an_ssh_key_may_be_a_number() -> None:
    # An output of another language has it as a float.
    late = pulumi.Output.from_input(512102.0)
    arguments = read(with_groups(members={"ssh_keys": [512101, late]}))
    assert await pulumi.Output.from_input(arguments.ssh_keys).future() == ["512101", "512102"]


def test_missing_arguments_are_named_together() -> None:
    found = errors({})
    assert [error.partition(" is not set")[0] for error in found] == [
        "args.dns.domain",
        "args.access.discoveryToken",
        "args.network.clientCidrs",
    ]
