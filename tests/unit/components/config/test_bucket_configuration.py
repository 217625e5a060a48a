"""The keys of the DigitalOcean provider with which the program creates the bucket for backups."""

from __future__ import annotations

from tests.unit.components.config.configuration_errors import load_errors
from tests.unit.components.config.valid_settings import BACKUPS, VALID

KEYS = {"digitalocean:spacesAccessId": "access", "digitalocean:spacesSecretKey": "the-spaces-secret"}
TOKENS = {"digitalocean:token": "t", "cloudflare:apiToken": "t"}


def errors(values: dict[str, str], environment: dict[str, str] | None = None) -> list[str]:
    own = {**VALID, **BACKUPS, "backupBucketCreate": "true"}
    return load_errors(own, {**TOKENS, **values}, environment or {})


def test_the_keys_may_be_in_the_configuration_or_the_environment() -> None:
    assert errors(KEYS) == []
    assert errors({}, {"SPACES_ACCESS_KEY_ID": "access", "SPACES_SECRET_ACCESS_KEY": "secret"}) == []


def test_an_error_names_the_missing_key_and_how_to_set_it() -> None:
    assert errors({"digitalocean:spacesAccessId": "access"}) == [
        "digitalocean:spacesSecretKey is not set: run pulumi config set --secret digitalocean:spacesSecretKey, "
        "or set SPACES_SECRET_ACCESS_KEY in the environment"
    ]


def test_a_program_that_creates_no_bucket_needs_no_keys() -> None:
    assert errors({"etcd:backupBucketCreate": "false", "etcd:backupEndpoint": "https://s3.example.com"}) == []


def test_the_bucket_is_not_created_where_members_do_not_use_it() -> None:
    (error,) = errors({**KEYS, "etcd:backupEndpoint": "https://s3.example.com"})
    assert error.startswith(
        "etcd:backupEndpoint is https://s3.example.com: etcd:backupBucketCreate would create the bucket at "
        "https://fra1.digitaloceanspaces.com (digitalocean:spacesEndpoint)."
    )
    assert "the-spaces-secret" not in error


def test_another_endpoint_is_allowed_if_both_keys_have_it() -> None:
    endpoint = {"etcd:backupEndpoint": "https://s3.example.com"}
    assert errors({**KEYS, **endpoint, "digitalocean:spacesEndpoint": "https://s3.example.com/"}) == []
    assert errors({**KEYS, **endpoint}, {"SPACES_ENDPOINT_URL": "https://s3.example.com"}) == []
