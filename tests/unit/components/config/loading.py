"""Loading a stack's configuration as a run does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.runtime import config as runtime

from components.config.errors import ConfigurationError
from components.config.loading import load_settings


def problems(own: Mapping[str, Any], others: Mapping[str, str], environment: Mapping[str, str]) -> list[str]:
    """What is wrong with the program's ``own`` keys, those of ``others`` and an environment, a line each.

    An empty value is a key that is not set.
    """
    texts = {
        f"etcd:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in own.items()
    }
    runtime.set_all_config({key: value for key, value in {**texts, **others}.items() if value})
    try:
        load_settings(pulumi.Config("etcd"), environment)
    except ConfigurationError as error:
        return str(error).splitlines()
    finally:
        runtime.set_all_config({})
    return []
