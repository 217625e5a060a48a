"""``Pulumi.local.yaml`` and its example have the addresses, tokens and keys of the local cloud."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bench.yaml_program import arguments
from components.config.loading import typed_values
from components.config.settings import Settings
from localcloud.addresses import OBJECT_STORE_URL
from localcloud.machines.object_store import CERTIFICATE, REGION
from localcloud.tokens import (
    BACKUP_BUCKET,
    BACKUP_KEYS,
    CLOUDFLARE_TOKEN,
    DIGITALOCEAN_TOKEN,
    DISCOVERY_TOKEN,
)

CHECKOUT = Path(__file__).parents[3]


def document(name: str) -> dict[str, Any]:
    return yaml.safe_load((CHECKOUT / name).read_text(encoding="utf-8"))


CONFIG = document("Pulumi.local.yaml")["config"]


def test_the_stack_has_the_local_tokens() -> None:
    assert CONFIG["digitalocean:token"] == DIGITALOCEAN_TOKEN
    assert CONFIG["etcd:discoveryToken"] == DISCOVERY_TOKEN
    assert CONFIG["cloudflare:apiToken"] == CLOUDFLARE_TOKEN


def test_backups_go_to_the_local_object_store() -> None:
    values = {key.removeprefix("etcd:"): value for key, value in CONFIG.items() if key.startswith("etcd:")}
    settings = Settings.model_validate(typed_values(values))
    assert settings.backup_endpoint == OBJECT_STORE_URL
    assert (settings.backup_bucket, settings.backup_region) == (BACKUP_BUCKET, REGION)
    keys = (settings.backup_access_key.get_secret_value(), settings.backup_secret_key.get_secret_value())
    assert keys == BACKUP_KEYS
    assert settings.backup_ca_certificate == CERTIFICATE.read_text()


def test_the_provider_makes_buckets_with_the_members_own_keys() -> None:
    assert CONFIG["digitalocean:spacesEndpoint"] == OBJECT_STORE_URL
    keys = (CONFIG["digitalocean:spacesAccessId"], CONFIG["digitalocean:spacesSecretKey"])
    assert keys == BACKUP_KEYS


def test_the_example_of_the_local_cloud_has_the_same_providers() -> None:
    providers = document("examples/local-cloud/Pulumi.local.yaml")["config"]
    assert providers == {key: CONFIG[key] for key in providers}


def test_the_example_of_the_local_cloud_has_the_same_settings() -> None:
    expected = arguments(
        {key.removeprefix("etcd:"): value for key, value in CONFIG.items() if key.startswith("etcd:")}
    )
    # Both clusters can exist at the same time.
    expected["dns"]["domain"] = f"mine.{CONFIG['etcd:zone']}"
    (cluster,) = document("examples/local-cloud/Pulumi.yaml")["resources"].values()
    for group, given in cluster["properties"].items():
        assert given == {name: expected[group][name] for name in given}
