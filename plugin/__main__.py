"""Serves ``EtcdCluster`` to programs in other languages, as package ``etcd``."""

import sys
from importlib.metadata import version
from typing import Any, cast

import pulumi
from pulumi.provider import ConstructResult, main
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError

from etcd_digitalocean import EtcdCluster

NAME = "etcd"
"""The package of the component's type, ``etcd:index:EtcdCluster``, so that its URN does not depend on the language."""


class Plugin(ComponentProvider):
    """What ``component_provider_host`` serves, with whole numbers, and errors without Python's traceback."""

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Register a cluster. A wrong argument is an error of the caller's program, and not of the plugin."""
        try:
            return super().construct(name, resource_type, whole_numbers(inputs), options)
        except ComponentInitError as error:
            if isinstance(error.inner, pulumi.RunError):
                raise pulumi.InputPropertiesError(str(error.inner), []) from error
            raise


def whole_numbers(value: Any) -> Any:
    """The value with integers where Pulumi's protocol has floats: no argument is a fraction."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            members = cast("dict[str, Any]", value)
            return {key: whole_numbers(one) for key, one in members.items()}
        case list():
            return [whole_numbers(one) for one in cast("list[Any]", value)]
        case _:
            return value


main(Plugin([EtcdCluster], NAME, None, version("etcd-digitalocean")), sys.argv[1:])
