"""The name of a cluster in the account, which must differ from that of every other cluster."""

from __future__ import annotations

import re

import pulumi

from ..config.errors import ConfigurationError
from ..config.settings import CLUSTER_NAME

LIKE_A_MARKER = re.compile(r".*-(up|size-\d+|one-at-a-time|all-at-once|id-[0-9a-f]{12})")
"""Names that are tags of a cluster with the name before the last hyphen: ``components/shared/markers.py``."""


def component_cluster_name(component: str, given: str | None) -> str:
    """The name of a component's cluster: the given one, else one after project, stack and component.

    So two clusters of one stack never have the same name, nor has one component in two stacks. A run refuses a name
    that another cluster of the account has: ``components/identity/ownership.py``.

    Raises ``ConfigurationError`` for a name that DigitalOcean rejects, or that is a tag of another cluster.
    """
    name = given or f"etcd-{pulumi.get_project()}-{pulumi.get_stack()}-{component}"
    if not CLUSTER_NAME.fullmatch(name):
        raise ConfigurationError(
            f"args.clusterName is {given or 'not set'}: the cluster would be called {name}. Set it to a name of "
            "lower-case letters, digits and hyphens that begins with a letter, at most 60 characters, because the "
            "volumes are named after it"
        )
    if LIKE_A_MARKER.fullmatch(name):
        raise ConfigurationError(
            f"args.clusterName is {given or 'not set'}: the cluster would be called {name}, which can be a tag of "
            "another cluster. Set it to a name with another ending"
        )
    return name
