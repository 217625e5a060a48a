"""Answers the engine's requests to one provider like Pulumi's bridged providers do."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import grpc
from google.protobuf.empty_pb2 import Empty

from localcloud.plugins import checking, planning
from localcloud.plugins import inputs as refreshing
from localcloud.plugins.autonaming import DEFAULTS, Mode, Naming
from localcloud.plugins.engine_log import EngineLog
from localcloud.plugins.errors import GoneError, ProviderError
from localcloud.plugins.planning import ChangeKind, Plan
from localcloud.plugins.protocol import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2
from localcloud.plugins.provider import Bridge, Provider
from localcloud.plugins.resource import Resource
from localcloud.plugins.values import UNKNOWN, Properties, Secret, decode, encode

_KINDS = {
    (ChangeKind.ADD, False): provider_pb2.PropertyDiff.ADD,
    (ChangeKind.ADD, True): provider_pb2.PropertyDiff.ADD_REPLACE,
    (ChangeKind.DELETE, False): provider_pb2.PropertyDiff.DELETE,
    (ChangeKind.DELETE, True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    (ChangeKind.UPDATE, False): provider_pb2.PropertyDiff.UPDATE,
    (ChangeKind.UPDATE, True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}

Method = TypeVar("Method", bound=Callable[..., Any])


class _Failure(grpc.Status):
    """A failure with machine-readable details."""

    def __init__(self, message: str, status: bytes) -> None:
        self.code = grpc.StatusCode.UNKNOWN
        self.details = message
        self.trailing_metadata = (("grpc-status-details-bin", status),)


class _InitFailedError(Exception):
    """The object exists but is not ready. The engine keeps it in its state."""

    def __init__(self, object_id: str, state: Properties, inputs: Properties, reason: str) -> None:
        super().__init__(reason)
        self.detail = provider_pb2.ErrorResourceInitFailed(
            id=object_id, properties=encode(state), reasons=[reason], inputs=encode(inputs)
        )

    def failure(self) -> _Failure:
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(self))
        status.details.add().Pack(self.detail)
        return _Failure(str(self), status.SerializeToString())


def _reporting(method: Method) -> Method:
    """Turn a provider's errors into those of the protocol."""

    @wraps(method)
    def answer(self: Servicer, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except _InitFailedError as error:
            context.abort_with_status(error.failure())
        except ProviderError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))

    return cast(Method, answer)


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one provider to one engine."""

    def __init__(self, provider: Provider, log: EngineLog | None = None) -> None:
        self._provider = provider
        self._log = log or EngineLog()
        self._client: Any = None

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        """Return the version of the real plugin."""
        return plugin_pb2.PluginInfo(version=self._provider.version)

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.GetSchemaResponse:  # noqa: N802
        """Return a schema without resources, since programs use the published SDKs."""
        return provider_pb2.GetSchemaResponse(
            schema=f'{{"name": "{self._provider.name}", "version": "{self._provider.version}"}}'
        )

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:  # noqa: N802
        """Cancel all waits."""
        self._provider.cancelled.set()
        return Empty()

    @_reporting
    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:  # noqa: N802
        """Check the provider's configuration."""
        settings = decode(request.news)
        failures = self._provider.check_settings(settings)
        checked = {
            key: Secret(value) if key in self._provider.secret_settings else value
            for key, value in settings.items()
        }
        return provider_pb2.CheckResponse(inputs=encode(checked), failures=_failures(failures))

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:  # noqa: N802
        """Answer that a changed configuration replaces nothing."""
        return provider_pb2.DiffResponse()

    @_reporting
    def Configure(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ConfigureResponse:  # noqa: N802
        """Make the client of the operations."""
        prefix = f"{self._provider.name}:config:"
        settings: Properties = {
            key.removeprefix(prefix): value
            for key, value in request.variables.items()
            if key.startswith(prefix)
        }
        settings |= decode(request.args)
        known = {key: value for key, value in settings.items() if value not in (None, UNKNOWN)}
        self._client = self._provider.connect(known)
        return provider_pb2.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    @_reporting
    def Invoke(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:  # noqa: N802
        """Call a provider function."""
        function = self._provider.functions.get(request.tok)
        if function is None:
            raise ProviderError(
                f"the stand-in for {self._provider.name} has no function {request.tok}: "
                f"it has {', '.join(sorted(self._provider.functions)) or 'none'}"
            )
        result = function(self._client, decode(request.args))
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(encode(result))
        return response

    @_reporting
    def Check(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:  # noqa: N802
        """Check a resource's inputs and add defaults."""
        checked, failures = checking.check(
            self._resource(request.urn),
            self._provider.bridge,
            decode(request.olds),
            decode(request.news),
            _naming(request),
        )
        return provider_pb2.CheckResponse(inputs=encode(checked), failures=_failures(failures))

    @_reporting
    def Diff(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:  # noqa: N802
        """Return how changed inputs change the resource."""
        resource = self._resource(request.urn)
        prior, inputs = decode(request.olds), decode(request.news)
        try:
            plan = planning.plan(resource, inputs, prior, list(request.ignoreChanges))
        except ProviderError as error:
            raise ProviderError(self._failed("diffing", request.urn, error)) from error
        response = provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME
            if plan.changed
            else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=plan.changed,
            replaces=plan.replaces,
        )
        if self._provider.bridge is Bridge.SDK:
            _describe(response, resource, prior, inputs, plan)
        return response

    @_reporting
    def Create(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:  # noqa: N802
        """Create the object and wait until it is ready."""
        resource = self._resource(request.urn)
        inputs = decode(request.properties)
        try:
            planned = planning.plan(resource, inputs).state
            if request.preview:
                return provider_pb2.CreateResponse(properties=self._state(resource, "", planned))
            object_id = resource.create(self._client, inputs, planned)
        except ProviderError as error:
            raise ProviderError(self._failed("", request.urn, error)) from error
        try:
            state = resource.settle(
                self._client, object_id, planned, request.timeout or resource.timeouts.create
            )
        except ProviderError as error:
            known = {key: value for key, value in planned.items() if value != UNKNOWN}
            raise _InitFailedError(
                object_id, known | {"id": object_id}, inputs, self._failed("", request.urn, error)
            ) from error
        state = planning.settled(planned, state)
        return provider_pb2.CreateResponse(id=object_id, properties=self._state(resource, object_id, state))

    @_reporting
    def Read(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:  # noqa: N802
        """Return the object's current state, without an id if it does not exist."""
        resource = self._resource(request.urn)
        prior, inputs = decode(request.properties), decode(request.inputs)
        try:
            object_id, state = resource.found(self._client, request.id, prior)
        except GoneError as gone:
            if str(gone):
                self._log.warn(request.urn, str(gone))
            return provider_pb2.ReadResponse()
        except ProviderError as error:
            raise ProviderError(self._failed("reading", request.urn, error)) from error
        current = (
            refreshing.refreshed(resource, inputs, prior, state)
            if prior
            else refreshing.imported(resource, state)
        )
        return provider_pb2.ReadResponse(
            id=object_id, properties=self._state(resource, object_id, state), inputs=encode(current)
        )

    @_reporting
    def Update(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:  # noqa: N802
        """Change the object in place."""
        resource = self._resource(request.urn)
        prior, inputs = decode(request.olds), decode(request.news)
        try:
            planned = planning.plan(resource, inputs, prior, list(request.ignoreChanges)).state
            if request.preview:
                return provider_pb2.UpdateResponse(properties=self._state(resource, request.id, planned))
            timeout = request.timeout or resource.timeouts.update
            state = resource.update(self._client, request.id, prior, planned, timeout)
        except ProviderError as error:
            reason = self._failed("updating", request.urn, error)
            if self._provider.bridge is Bridge.FRAMEWORK:
                raise ProviderError(reason) from error
            left = self._remaining(resource, request.id, prior)
            raise _InitFailedError(request.id, left, inputs, reason) from error
        state = planning.settled(planned, state)
        return provider_pb2.UpdateResponse(properties=self._state(resource, request.id, state))

    @_reporting
    def Delete(self, request: Any, context: grpc.ServicerContext) -> Empty:  # noqa: N802
        """Delete the object."""
        resource = self._resource(request.urn)
        timeout = request.timeout or resource.timeouts.delete
        try:
            resource.delete(self._client, request.id, decode(request.properties), timeout)
        except ProviderError as error:
            raise ProviderError(self._failed("deleting", request.urn, error)) from error
        return Empty()

    def _resource(self, urn: str) -> Resource[Any]:
        type_ = urn.split("::")[2].rpartition("$")[2]
        try:
            return self._provider.resources[type_]
        except KeyError as error:
            raise ProviderError(
                f"the stand-in for {self._provider.name} has no resource {type_}: "
                f"it has {', '.join(sorted(self._provider.resources))}"
            ) from error

    def _remaining(self, resource: Resource[Any], object_id: str, prior: Properties) -> Properties:
        """Return the object's state after a failed update."""
        try:
            return {**resource.read(self._client, object_id, prior), "id": object_id}
        except ProviderError:
            return prior

    def _state(self, resource: Resource[Any], object_id: str, state: Properties) -> Any:
        result: Properties = {"id": object_id or UNKNOWN}
        for key, spec in resource.fields.items():
            value = state.get(key)
            if value is None and self._provider.bridge is Bridge.FRAMEWORK:
                continue
            secret = spec.secret and value is not None and value != UNKNOWN
            result[key] = Secret(value) if secret else value
        return encode(result)

    def _failed(self, doing: str, urn: str, error: ProviderError) -> str:
        if self._provider.bridge is Bridge.FRAMEWORK:
            return str(error)
        text = f"1 error occurred:\n\t* {error}\n\n"
        return f"{doing} {urn}: {text}" if doing else text


def _describe(
    response: Any, resource: Resource[Any], prior: Properties, inputs: Properties, plan: Plan
) -> None:
    for key in plan.changed:
        spec = resource.fields[key]
        replace = key in plan.replaces
        for path, kind in planning.detailed(
            spec, key, prior.get(key), plan.state.get(key), inputs.get(key)
        ).items():
            response.detailedDiff[path].kind = _KINDS[kind, replace]
    response.hasDetailedDiff = True
    response.stables.extend(
        sorted(key for key, spec in resource.fields.items() if spec.replace and key not in plan.replaces)
    )
    # Two objects cannot have the same given name; automatic names differ.
    given_name = "name" in resource.fields and DEFAULTS in inputs and "name" not in inputs[DEFAULTS]
    response.deleteBeforeReplace = bool(plan.replaces) and given_name


def _naming(request: Any) -> Naming:
    name = request.urn.rpartition("::")[2]
    if not request.HasField("autonaming"):
        return Naming(name, request.randomSeed)
    return Naming(name, request.randomSeed, Mode(request.autonaming.mode), request.autonaming.proposed_name)


def _failures(reasons: list[str]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(reason=reason) for reason in reasons]
