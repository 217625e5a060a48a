"""A token of another account than the provider's is refused before anything is created, by the real engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from localcloud.api.cloud import Limits
from localcloud.checkout import CHECKOUT
from localcloud.machines.interface import NoMachines
from localcloud.tokens import (
    CLOUDFLARE_TOKEN,
    DIGITALOCEAN_TOKEN,
    SECOND_CLOUDFLARE_TOKEN,
    SECOND_DIGITALOCEAN_TOKEN,
    SECOND_DISCOVERY_TOKEN,
    SECOND_ZONE,
)
from tests.cluster.previews import PreviewedStack
from tests.localcloud.conftest import Lab
from tests.programs.python_program import write_project
from tests.programs.second_account import CLUSTER, PACKAGED_CLUSTER, PROVIDERS

RIGHT = {"digitaloceanToken": SECOND_DIGITALOCEAN_TOKEN, "cloudflareToken": SECOND_CLOUDFLARE_TOKEN}


class PythonCaller(PreviewedStack):
    """A program in Python, whose component sees the providers' tokens."""

    def write_program(self, folder: Path) -> None:
        """Write the project."""
        write_project(folder, "shop", PROVIDERS + CLUSTER)

    def values(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The tokens of the providers, and the arguments. ``changes`` are tokens in the arguments."""
        return {
            "shop:token": SECOND_DIGITALOCEAN_TOKEN,
            "shop:apiToken": SECOND_CLOUDFLARE_TOKEN,
            "shop:cluster": self.arguments(changes),
        }

    def arguments(self, tokens: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of the cluster, as Python programs have them."""
        named = {"digitaloceanToken": "digitalocean_token", "cloudflareToken": "cloudflare_token"}
        return {
            "network": {"client_cidrs": ["198.51.100.0/24"]},
            "dns": {"domain": SECOND_ZONE, "zone": SECOND_ZONE},
            "access": {
                "discovery_token": SECOND_DISCOVERY_TOKEN,
                "discovery_api_url": self.digitalocean,
                **{named[key]: token for key, token in tokens.items()},
            },
        }


class PackageCaller(PythonCaller):
    """A program like one in another language: its component does not see the providers' tokens."""

    def write_program(self, folder: Path) -> None:
        """Write the project, which has added the package."""
        packages = {"etcd": str(CHECKOUT / "plugin")}
        write_project(folder, "shop", PROVIDERS + PACKAGED_CLUSTER, packages=packages)

    def arguments(self, tokens: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of the cluster, as the package's schema has them."""
        return {
            "network": {"clientCidrs": ["198.51.100.0/24"]},
            "dns": {"domain": SECOND_ZONE, "zone": SECOND_ZONE},
            "access": {
                "discoveryToken": SECOND_DISCOVERY_TOKEN,
                "discoveryApiUrl": self.digitalocean,
                "digitaloceanApiUrl": self.digitalocean,
                "cloudflareApiUrl": self.cloudflare,
                **RIGHT,
                **tokens,
            },
        }


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("cloud"), NoMachines(), Limits())
    lab.start()
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def python(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> PythonCaller:
    return PythonCaller(lab, tmp_path_factory.mktemp("python"))


@pytest.fixture(scope="module")
def package(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> PackageCaller:
    return PackageCaller(lab, tmp_path_factory.mktemp("package"))


@pytest.fixture(autouse=True)
def nothing_is_changed(lab: Lab) -> Iterator[None]:
    """No test may change anything in either account."""
    lab.services.traffic.requests.clear()
    yield
    seen = lab.services.traffic.requests
    assert [f"{one.method} {one.path}" for one in seen if one.method != "GET"] == []


@pytest.mark.parametrize(
    ("argument", "token"),
    [("digitaloceanToken", DIGITALOCEAN_TOKEN), ("cloudflareToken", CLOUDFLARE_TOKEN)],
    ids=["digitalocean", "cloudflare"],
)
def test_another_token_than_the_providers_is_refused_in_the_preview(
    python: PythonCaller, argument: str, token: str
) -> None:
    refused = python.preview(**{argument: token})
    assert refused.returncode != 0
    assert f"args.access.{argument} is not the token of the provider in the options" in refused.stdout
    assert "Traceback" not in refused.stdout


@pytest.mark.parametrize(
    ("argument", "token", "reason"),
    [
        (
            "digitaloceanToken",
            DIGITALOCEAN_TOKEN,
            "args.access.digitaloceanToken is not the token of the provider in the options",
        ),
        ("cloudflareToken", CLOUDFLARE_TOKEN, "answered 404 about the zone second.test to the token"),
    ],
    ids=["digitalocean", "cloudflare"],
)
def test_the_package_refuses_a_token_of_another_account(
    package: PackageCaller, argument: str, token: str, reason: str
) -> None:
    # A first preview does not know a provider that the program creates.
    refused = package.up(**{argument: token})
    assert refused.returncode != 0
    assert reason in refused.stdout


def test_a_preview_by_the_package_asks_the_second_account_alone(lab: Lab, package: PackageCaller) -> None:
    preview = package.preview()
    assert preview.returncode == 0, preview.stdout
    assert "digitalocean:index:Droplet" in preview.stdout
    assert {(one.account, one.service) for one in lab.services.traffic.requests} == {
        ("second", "digitalocean"),
        ("second", "cloudflare"),
    }
