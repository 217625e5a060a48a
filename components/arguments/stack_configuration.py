"""The arguments of a program whose settings are in its stack's configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pulumi

from ..config.loading import configured_values, load_settings
from ..config.running_clusters import reporting_failure
from .types import EtcdClusterArgs
from .values import arguments_of


def configured_arguments(
    config: pulumi.Config, environment: Mapping[str, str] = os.environ
) -> EtcdClusterArgs:
    """Load and validate the stack's configuration, and return it as the arguments of a cluster.

    Raises ``ConfigurationError``.
    """
    with reporting_failure():
        load_settings(config, environment)
        return arguments_of(configured_values(config))
