"""What the configuration needs beside the program's own keys, when the program makes the bucket for backups."""

from __future__ import annotations

from tests.unit.components.config import loading
from tests.unit.components.config.test_backup_settings import ON
from tests.unit.components.config.test_settings import GOOD

KEYS = {"digitalocean:spacesAccessId": "access", "digitalocean:spacesSecretKey": "the-spaces-secret"}
TOKENS = {"digitalocean:token": "t", "cloudflare:apiToken": "t"}


def problems(values: dict[str, str], environment: dict[str, str] | None = None) -> list[str]:
    own = {**GOOD, **ON, "backupBucketCreate": "true"}
    return loading.problems(own, {**TOKENS, **values}, environment or {})


def test_the_providers_keys_are_enough_from_configuration_or_environment() -> None:
    assert problems(KEYS) == []
    assert problems({}, {"SPACES_ACCESS_KEY_ID": "access", "SPACES_SECRET_ACCESS_KEY": "secret"}) == []


def test_a_missing_key_of_the_provider_is_named_with_the_way_out() -> None:
    missing = problems({"digitalocean:spacesAccessId": "access"})
    assert missing == [
        "digitalocean:spacesSecretKey is not set: run pulumi config set --secret digitalocean:spacesSecretKey, "
        "or set SPACES_SECRET_ACCESS_KEY in the environment"
    ]


def test_who_makes_no_bucket_needs_none_of_it() -> None:
    assert (
        problems({"etcd:backupBucketCreate": "false", "etcd:backupEndpoint": "https://s3.example.com"}) == []
    )


def test_a_bucket_is_not_made_elsewhere_than_members_look_for_it() -> None:
    (problem,) = problems({**KEYS, "etcd:backupEndpoint": "https://s3.example.com"})
    assert problem.startswith(
        "etcd:backupEndpoint is https://s3.example.com: with etcd:backupBucketCreate the bucket would be made at "
        "https://fra1.digitaloceanspaces.com (digitalocean:spacesEndpoint)."
    )
    assert "the-spaces-secret" not in problem


def test_another_endpoint_is_taken_where_both_name_it() -> None:
    endpoint = {"etcd:backupEndpoint": "https://s3.example.com"}
    assert problems({**KEYS, **endpoint, "digitalocean:spacesEndpoint": "https://s3.example.com/"}) == []
    assert problems({**KEYS, **endpoint}, {"SPACES_ENDPOINT_URL": "https://s3.example.com"}) == []
