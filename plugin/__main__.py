"""Serves ``EtcdCluster`` to programs in other languages, as package ``etcd``."""

import inspect
import json
import re
import sys
from contextvars import ContextVar
from importlib import import_module
from importlib.metadata import version
from typing import Any, cast

import grpc
import pulumi
from pulumi.provider import ConstructResult, server
from pulumi.provider.experimental.analyzer import ComponentDefinition
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError, ProviderServicer
from pulumi.runtime.proto.provider_pb2 import ConstructRequest, ConstructResponse

from etcd_digitalocean import EtcdCluster

NAME = "etcd"
"""The package of the component's type, ``etcd:index:EtcdCluster``, so that its URN does not depend on the language."""

# In a checkout, the folder of the component has another name than in a wheel.
PACKAGE = EtcdCluster.__module__.rpartition(".")[0]
CLUSTERS = import_module(f"{PACKAGE}.config.running_clusters")
ENGINE_RUN: ContextVar[str] = import_module(f"{PACKAGE}.run_log.engine_run").ENGINE_RUN


class Plugin(ComponentProvider):
    """What ``component_provider_host`` serves, with whole numbers, and errors without Python's traceback."""

    def __init__(self) -> None:
        super().__init__([EtcdCluster], NAME, None, semantic(version("etcd-digitalocean")))
        self.schema = json.dumps(readable(json.loads(self.schema or "{}")))

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
                raise error.inner from error
            raise

    def cancel(self) -> None:
        """End what waits for members, since the user interrupts the run. The engine would wait for it."""
        CLUSTERS.interrupt_runs()

    def map_inputs(self, inputs: pulumi.Inputs, component_def: ComponentDefinition) -> pulumi.Inputs:
        """The arguments as the caller sent them, which the cluster understands.

        The SDK would leave out an argument that does not exist, and a group of a wrong shape.
        """
        del component_def
        return inputs


class Servicer(ProviderServicer):
    """Answers the engine as the SDK does, but a refusal is its own text alone."""

    async def Construct(self, request: ConstructRequest, context: Any) -> ConstructResponse:  # noqa: N802
        """Construct a cluster. gRPC would report a refusal as an unexpected exception, with the name of its class.

        A refusal ends the run, so it waits until the changes of the program's other clusters are done.
        """
        ENGINE_RUN.set(request.monitorEndpoint)
        try:
            return await super().Construct(request, context)
        except pulumi.RunError as error:
            await CLUSTERS.wait_for_other_clusters(request.name)
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
            raise

    @staticmethod
    def _construct_options(request: ConstructRequest) -> pulumi.ResourceOptions:
        """The options of the caller. The SDK leaves out these three, which the cluster refuses."""
        options = ProviderServicer._construct_options(request)
        limits = request.customTimeouts
        if limits.create or limits.update or limits.delete or limits.read:
            options.custom_timeouts = pulumi.CustomTimeouts(
                limits.create, limits.update, limits.delete, limits.read
            )
        options.additional_secret_outputs = [*request.additionalSecretOutputs]
        options.delete_before_replace = request.deleteBeforeReplace
        return options


def semantic(release: str) -> str:
    """The version of a distribution as Pulumi's engine parses it, such as 0.2.0-dev.0 for 0.2.0.dev0."""
    return re.sub(r"\.?(a|b|rc|dev)(\d+)$", r"-\1.\2", release)


def readable(part: Any, *, element: bool = False) -> Any:
    """A part of the schema with descriptions that are Markdown.

    The SDK keeps the indentation of Python's docstrings, which makes a block of code there. It also repeats the
    description of a list or a dictionary for its elements.
    """
    match part:
        case dict():
            members = cast("dict[str, Any]", part)
            return {
                key: inspect.cleandoc(one)
                if key == "description" and isinstance(one, str)
                else readable(one, element=key in {"items", "additionalProperties"})
                for key, one in members.items()
                if not (element and key == "description")
            }
        case list():
            return [readable(one) for one in cast("list[Any]", part)]
        case _:
            return part


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


# The SDK has no other way to give it another servicer.
server.ProviderServicer = Servicer
server.main(Plugin(), sys.argv[1:])
