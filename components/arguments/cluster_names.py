"""The name of a cluster in the account, which must differ from that of every other cluster."""

from __future__ import annotations

import pulumi

from ..config.errors import ConfigurationError
from ..config.settings import CLUSTER_NAME, LIKE_A_MARKER
from ..run_log import log


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


def check_stack_name(cluster: str, *, exists: bool) -> None:
    """Raise ``ConfigurationError`` if the name of a stack's cluster can be a tag of another cluster.

    If the stack's state has the cluster, so that it ``exists``, warn instead: its runs must go on.
    """
    other = LIKE_A_MARKER.fullmatch(cluster)
    if other is None:
        return
    danger = (
        f"the cluster is called {cluster}, after project and stack, and that is a tag of a cluster {other[1]} as well. "
        f"A run or a pulumi destroy of {other[1]} may delete this tag, by which members and firewall know the droplets"
    )
    if exists:
        log.warn(f"{danger}. Never create a cluster {other[1]} in this account")
        return
    raise ConfigurationError(
        f"{danger}. Give the stack a name with another ending, before it has a cluster: pulumi stack rename NAME. "
        "Nothing was changed"
    )
