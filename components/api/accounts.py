"""The accounts that the hooks and checks of a cluster ask: those in which its providers create resources."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import pulumi
from pulumi.resource import DependencyProviderResource

from ..config.errors import ConfigurationError
from ..config.loading import (
    CLOUDFLARE_URL,
    DIGITALOCEAN_URL,
    URL_VARIABLES,
    URLS,
    ProviderAccess,
    cloudflare_access,
    digitalocean_access,
    environment_token,
    environment_url,
    url_problem,
)
from ..config.naming import ArgumentNames, key_of, provider_key
from ..config.settings import Settings
from ..config.values import HEADER_VALUE, NO_HEADER_VALUE
from ..run_log import log
from .http_client import NoAnswerError
from .listing import ListingError, ask_with_retries, read_one
from .retry import PAUSES

TYPES = {
    "digitalocean": "digitalocean:index/droplet:Droplet",
    "cloudflare": "cloudflare:index/dnsRecord:DnsRecord",
}
"""A type of each package, by which Pulumi finds the package's provider in a resource's options."""
TOKENS = {"digitalocean": "token", "cloudflare": "apiToken"}
"""The provider's own name of its token."""
ATTRIBUTES = {"token": "token", "apiToken": "api_token", "apiEndpoint": "api_endpoint", "baseUrl": "base_url"}
"""The attributes of the providers' classes with these names."""
DEFAULT_URLS = {"digitalocean": DIGITALOCEAN_URL, "cloudflare": CLOUDFLARE_URL}
UNCHANGED = "Nothing was changed"
REFUSED = frozenset({400, 401, 403, 404})
"""The answers of Cloudflare about a zone that a token may not read."""


class WrongAccountError(pulumi.RunError):
    """The provider and the arguments name different accounts or APIs. The text says what to do."""


def provider_of(package: str, opts: pulumi.ResourceOptions | None) -> pulumi.ProviderResource | None:
    """The explicit provider that a component with these options has for a package."""
    if opts is None:
        return None
    if opts.provider is not None and opts.provider.package == package:
        return opts.provider
    given = opts.providers or {}
    by_package = given if isinstance(given, Mapping) else {one.package: one for one in given}
    if package in by_package:
        return by_package[package]
    return opts.parent.get_provider(TYPES[package]) if opts.parent is not None else None


def explicit_packages(opts: pulumi.ResourceOptions | None) -> frozenset[str]:
    """The packages for which a component with these options has an explicit provider."""
    return frozenset(package for package in TYPES if provider_of(package, opts) is not None)


def argument_names(
    providers: Mapping[str, pulumi.Input[str]], opts: pulumi.ResourceOptions | None
) -> ArgumentNames:
    """The caller's names. Where it has an explicit provider, that one's values have no key in the configuration."""
    renamed: dict[str, str] = {}
    for package in TYPES:
        provider = provider_of(package, opts)
        if provider is None:
            continue
        name = provider.pulumi_resource_name if _has_outputs(provider) else package
        for kind, own in (("token", TOKENS[package]), ("api_url", URLS[package])):
            argument = f"args.access.{package}{'Token' if kind == 'token' else 'ApiUrl'}"
            given = f"{package}_{kind}" in providers
            renamed[f"{package}:{own}"] = argument if given else f"{own} of the provider {name}"
        if package == "digitalocean":
            for own in ("spacesAccessId", "spacesSecretKey", "spacesEndpoint"):
                renamed[f"{package}:{own}"] = f"{own} of the provider {name}"
    return ArgumentNames(renamed)


class Accounts:
    """The APIs that a cluster's hooks and checks ask, and the tokens with which they ask."""

    digitalocean: ProviderAccess
    """The account of the droplets, as the provider reaches it."""
    cloudflare: ProviderAccess
    """The account of the zone, as the provider reaches it."""
    discovery: ProviderAccess
    """The account of the droplets, as members reach it."""
    known: pulumi.Output[bool]
    """Resolves when all of them are known. It is false in a preview that does not know a token.

    It fails if the provider and the arguments have different tokens.
    """

    def __init__(
        self,
        component: pulumi.Resource,
        settings: Settings,
        discovery_token: pulumi.Input[str],
        given: Mapping[str, pulumi.Input[str]],
    ) -> None:
        """``component`` has the providers. ``given`` is what the arguments tell of them."""
        self.digitalocean, self.cloudflare, self.discovery = (
            ProviderAccess(),
            ProviderAccess(),
            ProviderAccess(),
        )
        self._component = component
        self._given = given
        self._settings = settings
        self._discovery_token = pulumi.Output.from_input(discovery_token)
        self.known = pulumi.Output.from_input(self._learn())

    async def _learn(self) -> bool:
        token = await self._discovery_token.future() or ""
        self.discovery.learn(ProviderAccess(self._settings.discovery_api_url, token))
        self.digitalocean.learn(await self._access("digitalocean", digitalocean_access()))
        if token and token == self.digitalocean.token:
            log.warn(
                f"{key_of('discoveryToken')} is the same token as {provider_key('digitalocean:token')}. Every member "
                "gets it, so whoever has one member can change the whole account: create a token with the scopes "
                f"droplet:read and tag:read alone, and set {key_of('discoveryToken')} to it"
            )
        if self._settings.has_records:
            self.cloudflare.learn(await self._access("cloudflare", cloudflare_access()))
        return self.discovery.known and self.digitalocean.known

    async def _access(self, package: str, configured: ProviderAccess) -> ProviderAccess:
        """The API and the token of a package's provider. ``configured`` are those of its default provider."""
        provider = self._component.get_provider(TYPES[package])
        argument = f"args.access.{package}Token"
        given = await self._told(f"{package}_token")
        url = (await self._told(f"{package}_api_url")).rstrip("/")
        _refuse_broken_url(f"args.access.{package}ApiUrl", url)
        if provider is None:
            if given and given != configured.token:
                raise WrongAccountError(
                    f"{argument} is not the token of the default provider ({package}:{TOKENS[package]}), which would "
                    "create the resources. Pass a provider with this token in the options of the component, or remove "
                    f"the argument. {UNCHANGED}"
                )
            _refuse_another_api(package, url, configured.api_url)
            _refuse_broken_token(package, configured.token)
            return configured
        shown, known = await _setting_of(provider, TOKENS[package])
        if known and not shown:
            # The provider's plugin reads the same variable.
            shown = environment_token(package, TOKENS[package])
        if shown and given and shown != given:
            raise WrongAccountError(
                f"{argument} is not the token of the provider in the options of the component, which would create the "
                f"resources. Remove the argument, or pass another provider. {UNCHANGED}"
            )
        own_url, known = await _setting_of(provider, URLS[package])
        _refuse_broken_url(f"{URLS[package]} of the provider in the options of the component", own_url)
        if not own_url:
            _refuse_broken_url(URL_VARIABLES[package], environment_url(package))
        default_url = (own_url or environment_url(package) or DEFAULT_URLS[package]).rstrip("/")
        if known:
            _refuse_another_api(package, url, default_url)
        access = ProviderAccess(url or default_url, shown or given)
        if access.known:
            _refuse_broken_token(package, access.token)
            if not _has_outputs(provider):
                await self._check_account(package, access)
            return access
        if not pulumi.runtime.is_dry_run() or not (
            _has_outputs(provider) or f"{package}_token" in self._given
        ):
            raise WrongAccountError(
                f"{argument} is not set: the component does not see the token of the provider in its options, with "
                f"which its hooks and checks must ask the API. Set it to the same token. {UNCHANGED}"
            )
        return access

    async def _told(self, name: str) -> str:
        """What the arguments tell of a provider. Empty if it is nothing, or unknown in a preview."""
        if name not in self._given:
            return ""
        return str(await pulumi.Output.from_input(self._given[name]).future() or "")

    async def _check_account(self, package: str, access: ProviderAccess) -> None:
        """Raise ``WrongAccountError`` if a provider that does not show its token has another account."""
        if package == "cloudflare":
            await self._check_zone(access)
            return
        try:
            own = await read_one(access.api_url, "account", "", access.token, pauses=PAUSES)
        except ListingError as error:
            raise WrongAccountError(
                f"{error}. The request used args.access.{package}Token. {UNCHANGED}"
            ) from error
        theirs = await self._call(
            "digitalocean:index/getAccount:getAccount", {}, version("pulumi-digitalocean")
        )
        # In a preview that creates the provider, Pulumi calls no function of it.
        if own is not None and theirs and own["uuid"] != theirs["uuid"]:
            raise WrongAccountError(
                f"args.access.{package}Token is a token of the account {own['email']}, and the provider in the options "
                f"of the component has the account {theirs['email']}: set it to the provider's token. {UNCHANGED}"
            )

    async def _check_zone(self, access: ProviderAccess) -> None:
        """Raise ``WrongAccountError`` if the token of the arguments does not see the zone that the provider sees.

        A member can be repaired while Cloudflare is away. A zone that only its id names is not looked up.
        """
        if not self._settings.zone:
            return
        wanted = {"filter": {"name": self._settings.zone, "match": "all"}}
        found = await self._call("cloudflare:index/getZone:getZone", wanted, version("pulumi-cloudflare"))
        if not found.get("id"):
            return
        try:
            answer = await ask_with_retries(f"{access.api_url}/zones/{found['id']}", access.token)
        except NoAnswerError:
            return
        if answer.status_code in REFUSED:
            raise WrongAccountError(
                f"{access} answered {answer.status_code} about the zone {self._settings.zone} to the token "
                "args.access.cloudflareToken, and shows the zone to the provider in the options of the component: set "
                f"the argument to the provider's token. {UNCHANGED}"
            )

    async def _call(self, function: str, arguments: Mapping[str, Any], plugin: str) -> Mapping[str, Any]:
        """Call a function of the component's provider. Empty if it gives no answer, which its resources tell better."""
        options = pulumi.InvokeOptions(parent=self._component, version=plugin)
        try:
            # Not invoke_output: a failed output ends the run with a traceback, at any moment.
            return await pulumi.runtime.invoke_async(function, arguments, options) or {}
        # Pulumi raises a plain Exception.
        except Exception as error:
            log.info(f"{function.rpartition(':')[2]} gave no answer: {' '.join(str(error).split())}")
            return {}


def _refuse_another_api(package: str, given: str, own: str) -> None:
    """Raise ``WrongAccountError`` if the arguments name another API than the one that creates the resources."""
    if given and given != own:
        raise WrongAccountError(
            f"args.access.{package}ApiUrl is {given}, and the provider that would create the resources uses {own}. "
            f"Remove the argument, or pass another provider in the options of the component. {UNCHANGED}"
        )


def _refuse_broken_url(name: str, url: str) -> None:
    """Raise ``ConfigurationError`` if no request can have the URL called ``name``. Its password is not shown."""
    if url and (problem := url_problem(name, url)):
        raise ConfigurationError(f"{problem}. {UNCHANGED}")


def _refuse_broken_token(package: str, token: str) -> None:
    """Raise ``ConfigurationError`` if no request can have the token. It is not shown."""
    if token and not HEADER_VALUE.fullmatch(token):
        raise ConfigurationError(
            f"{provider_key(f'{package}:{TOKENS[package]}')} {NO_HEADER_VALUE.format('token')}: set it again without "
            f"it. {UNCHANGED}"
        )


def _has_outputs(provider: pulumi.ProviderResource) -> bool:
    """Whether a provider has outputs. One of a caller in another language is a mere reference."""
    return not isinstance(provider, DependencyProviderResource)


async def _setting_of(provider: pulumi.ProviderResource, own: str) -> tuple[str, bool]:
    """One setting of a provider, empty if its outputs do not show it, and whether it is known: not in every preview."""
    if not _has_outputs(provider):
        return "", False
    value = pulumi.Output.from_input(getattr(provider, ATTRIBUTES[own], None))
    return str(await value.future() or ""), await value.is_known()
