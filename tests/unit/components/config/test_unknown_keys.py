"""A key that nothing reads is refused, and the nearest one that exists is named."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pulumi
import pytest
from pulumi.runtime import config as runtime

from components.config.unknown_keys import PROVIDER_KEYS, configured_keys, setting_keys, unknown_keys
from tests.unit.components.config.configuration_errors import load_errors
from tests.unit.components.config.valid_settings import VALID

TOKENS = {"digitalocean:token": "t", "cloudflare:apiToken": "t"}


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("etcd:sise", "etcd:size"),
        ("etcd:volumSize", "etcd:volumeSize"),
        ("etcd:quotaGib", "etcd:quotaGiB"),
        ("etcd:backupAccesKey", "etcd:backupAccessKey"),
        ("etcd:clientCIDRs", "etcd:clientCidrs"),
        ("digitalocean:tokn", "digitalocean:token"),
        ("digitalocean:endpoint", "digitalocean:apiEndpoint or digitalocean:spacesEndpoint"),
        ("etcd:cidrs", "etcd:clientCidrs, etcd:sshCidrs or etcd:metricsCidrs"),
        ("etcd:token", "etcd:discoveryToken"),
        ("etcd-digitalocean:size", "etcd:size"),
        ("etcd-digitalocean:token", "digitalocean:token"),
        ("cloudflare:token", "cloudflare:apiToken"),
        ("digitalOcean:token", "digitalocean:token"),
        ("ectd:Size", "etcd:size"),
        ("cloudflair:apiToken", "cloudflare:apiToken"),
    ],
)
def test_a_mistyped_key_is_refused_with_the_nearest_one(key: str, meant: str) -> None:
    assert load_errors(VALID, {**TOKENS, key: "a-secret"}, {}) == [
        f"{key} is set, and there is no such key: set {meant} instead, and remove this key (pulumi config rm {key}). "
        "docs/configuration.md lists all keys"
    ]


def test_a_key_that_resembles_no_other_is_refused() -> None:
    (error,) = load_errors(VALID, {**TOKENS, "etcd:kubernetes": "yes"}, {})
    assert error.startswith(
        "etcd:kubernetes is set, and there is no such key: remove it (pulumi config rm etcd:kubernetes)."
    )


def test_all_unknown_keys_are_named_beside_the_wrong_ones() -> None:
    errors = load_errors({**VALID, "size": "4"}, {**TOKENS, "etcd:sise": "3", "etcd:zon": "x"}, {})
    assert [error.split()[0] for error in errors] == ["etcd:sise", "etcd:zon", "etcd:size"]


def test_keys_of_pulumi_and_of_other_tools_are_left_alone() -> None:
    others = {"pulumi:tags": "{}", "aws:region": "eu-central-1", "digitalocean-shop:kubernetes": "yes"}
    assert load_errors(VALID, {**TOKENS, **others}, {}) == []


def test_a_renamed_project_is_told_that_its_keys_changed_their_name() -> None:
    (error,) = unknown_keys(["etcd:size", "store:domain"], "store")
    assert error.startswith(
        "etcd:size is set, and this project is called store, so nothing reads it: set store:size"
    )


def test_every_setting_and_every_key_of_a_provider_is_known() -> None:
    keys = [f"etcd:{key}" for key in setting_keys()]
    keys += [f"{provider}:{key}" for provider, names in PROVIDER_KEYS.items() for key in names]
    assert unknown_keys(keys, "etcd") == []


def test_keys_count_wherever_the_engine_hands_them_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"etcd:size": "3"}))
    runtime.set_all_config({"etcd:discoveryToken": "t"}, ["etcd:discoveryToken"])
    try:
        assert configured_keys() == {"etcd:size", "etcd:discoveryToken"}
        assert pulumi.Config("etcd").get("size") == "3"
    finally:
        runtime.set_all_config({}, [])


@pytest.mark.parametrize("provider", sorted(PROVIDER_KEYS))
def test_the_keys_of_a_provider_are_those_of_its_package(provider: str) -> None:
    source = files(f"pulumi_{provider}").joinpath("config/vars.py").read_text(encoding="utf-8")
    assert set(re.findall(r"__config__\.get(?:_\w+)?\('(\w+)'\)", source)) == PROVIDER_KEYS[provider]
