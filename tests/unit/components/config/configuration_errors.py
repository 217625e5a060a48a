"""The errors of an invalid configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from pulumi.runtime import config as runtime
from pydantic import ValidationError

from components.config.errors import ConfigurationError
from components.config.loading import describe_errors, load_settings
from components.config.settings import Settings
from tests.unit.components.config.valid_settings import VALID


def validation_errors(**changes: Any) -> list[str]:
    """The errors of valid settings with these keys changed. ``None`` removes a key."""
    values = {key: value for key, value in {**VALID, **changes}.items() if value is not None}
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(values)
    return describe_errors(caught.value)


def load_errors(
    own: Mapping[str, Any], others: Mapping[str, str], environment: Mapping[str, str]
) -> list[str]:
    """The errors when a run loads the keys ``own`` of ``etcd:``, the keys ``others``, and an environment.

    An empty value stands for a key that is not set.
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
