"""Stack files of the checkout, read as Pulumi hands them to the program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import config as runtime

from components.config.loading import load_settings
from components.config.settings import Settings

CHECKOUT = Path(__file__).parents[3]
STACK_FILES = sorted([*CHECKOUT.glob("examples/*.yaml"), *CHECKOUT.glob("Pulumi.*.yaml")])
LOCAL = CHECKOUT / "Pulumi.local.yaml"
SECRETS: Mapping[str, str] = {
    "digitalocean:token": "t",
    "cloudflare:apiToken": "t",
    "etcd:discoveryToken": "t",
    "digitalocean:spacesAccessId": "i",
    "digitalocean:spacesSecretKey": "k",
    "etcd:backupAccessKey": "i",
    "etcd:backupSecretKey": "k",
}
"""The keys that a stack's file leaves to ``pulumi config set --secret``, with a value."""


def values_of(file: Path) -> dict[str, Any]:
    """The configuration in a stack's file, by its full keys."""
    return yaml.safe_load(file.read_text(encoding="utf-8"))["config"]


def secrets_of(file: Path) -> dict[str, str]:
    """The secrets that the comments of a stack's file say must be set."""
    text = file.read_text(encoding="utf-8")
    return {key: value for key, value in SECRETS.items() if f"config set --secret {key}" in text}


def load(values: Mapping[str, Any]) -> Settings:
    """The settings of a stack with these values, as a run loads and validates them, without an environment."""
    texts = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in values.items()
        if value is not None
    }
    runtime.set_all_config(texts)
    try:
        return load_settings(pulumi.Config("etcd"), {})
    finally:
        runtime.set_all_config({})
