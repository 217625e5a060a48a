"""The program of this project is the component's first user."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import config as runtime

from tests.component.conftest import SETTINGS_OF_TESTS, PlanOf

MAIN = Path(__file__).parents[2] / "__main__.py"
NAMES = (
    "endpoints",
    "members",
    "caCertificate",
    "clientCertificate",
    "clientKey",
    "clients",
    "certificates",
    "environment",
    "prometheusScrapeConfig",
    "backups",
)


@pytest.fixture
def configured() -> Any:
    """The configuration of a stack."""
    runtime.set_all_config(
        {
            f"etcd:{key}": value if isinstance(value, str) else json.dumps(value)
            for key, value in SETTINGS_OF_TESTS.items()
        }
    )
    yield
    runtime.set_all_config({})


@pytest.mark.usefixtures("configured")
def test_it_registers_what_its_configuration_says_and_keeps_its_outputs(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported: dict[str, Any] = {}
    monkeypatch.setattr(pulumi, "export", exported.__setitem__)
    by_main = plan_of(lambda: runpy.run_path(str(MAIN)))
    by_settings = plan_of()
    assert [item.urn for item in by_main.of_type("digitalocean:index/droplet:Droplet")] == [
        item.urn for item in by_settings.of_type("digitalocean:index/droplet:Droplet")
    ]
    assert tuple(exported) == NAMES
    assert list(exported["members"]) == [f"etcd-server-{number}.etcd.example.com" for number in (1, 2, 3)]


@pytest.mark.usefixtures("configured")
def test_it_exports_a_file_set_for_each_client(plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime.set_config("etcd:auth", "true")
    runtime.set_config("etcd:clients", json.dumps([{"name": "shop"}, {"name": "audit"}]))
    exported: dict[str, Any] = {}
    monkeypatch.setattr(pulumi, "export", exported.__setitem__)
    plan_of(lambda: runpy.run_path(str(MAIN)))
    assert exported["clients"] == ["shop", "audit"]
    assert [name for name in exported if name.startswith("client-")] == [
        "client-shop-certificate",
        "client-shop-key",
        "client-audit-certificate",
        "client-audit-key",
    ]


@pytest.mark.usefixtures("configured")
def test_its_errors_name_the_keys_of_its_configuration(plan_of: PlanOf) -> None:
    with pytest.raises(pulumi.RunError, match=r"etcd:discoveryToken does not list droplet etcd-server-1"):
        plan_of(
            lambda: runpy.run_path(str(MAIN)),
            bootstrap={"token": "t"},
            discovered=[],
            account=[{"id": 1, "name": "etcd-server-1.etcd.example.com", "tags": ["etcd-etcd-fra1"]}],
        )
