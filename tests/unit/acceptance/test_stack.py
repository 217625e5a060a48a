"""The stack of an acceptance run is a copy that never touches what belongs to the other stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from acceptance.errors import AcceptanceError
from acceptance.stack import Stack

CONFIG: dict[str, Any] = {
    "digitalocean:token": {"value": "dop_v1_full_access", "secret": True},
    "etcd:discoveryToken": {"value": "dop_v1_read_access", "secret": True},
    "etcd:domain": {"value": "etcd.example.com"},
    "etcd:zone": {"value": "example.com"},
    # Pulumi prints the defaults of Pulumi.yaml as well.
    "etcd:auth": {"value": ""},
    "etcd:clients": {"value": "[]", "objectValue": []},
    "etcd:clientCidrs": {"value": '["198.51.100.0/24"]', "objectValue": ["198.51.100.0/24"]},
    "etcd:backupBucket": {"value": "backups"},
    "etcd:backupPrefix": {"value": "production/"},
    "etcd:backupAccessKey": {"value": "access-key", "secret": True},
    "etcd:backupSecretKey": {"value": "secret-key", "secret": True},
}

SCRIPT = """#!/bin/sh
echo "$*" >>{folder}/calls
case "$1 $2" in
  "config --json") cat {folder}/config.json ;;
  "stack ls") echo '[{{"name": "org/fra1"}}, {{"name": "fra1-acceptance-0a1b2c"}},
    {{"name": "fra1-acceptance-abcdef"}}, {{"name": "fra1-acceptance-2"}}, {{"name": "fra1-acceptance"}}]' ;;
  "up --yes") cat {folder}/up; exit {code} ;;
esac
"""

UP = """Updating (fra1-acceptance):
Resources:
    + 12 created
    ~ 1 updated
    +-3 replaced
    40 unchanged

Duration: 3s
"""


def stack(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, printed: str = UP, code: int = 0, **changed: str
) -> Stack:
    """The acceptance stack of stack fra1, with a command ``pulumi`` that prints what it is told."""
    (folder / "Pulumi.yaml").write_text("name: etcd\n")
    (folder / "Pulumi.fra1.yaml").write_text("config: {}\n")
    config = CONFIG | {key: {"value": value} for key, value in changed.items()}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "up").write_text(printed)
    command = folder / "pulumi"
    command.write_text(SCRIPT.format(folder=folder, code=code))
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return Stack("fra1", "0a1b2c", folder, lambda line: None)


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().splitlines()


def test_its_settings_have_names_of_its_own_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = stack(tmp_path, monkeypatch)
    assert own.settings.domain == "acc-0a1b2c.etcd.example.com"
    assert (own.settings.protect, own.settings.addresses, own.settings.size) == (False, "public", 3)
    assert own.settings.backup_bucket_create is False
    assert (target := own.backup_target()) is not None
    assert target.prefix == "etcd-etcd-fra1-acceptance-0a1b2c/"


def test_a_domain_that_gets_too_long_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = f"{'long.' * 7}example.com"
    with pytest.raises(AcceptanceError, match=r"acc-0a1b2c\.long.* as the domain: etcd:domain is .*at most"):
        _ = stack(tmp_path, monkeypatch, **{"etcd:domain": domain}).settings


def test_a_domain_that_is_not_set_is_said_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AcceptanceError, match=r"^Pulumi\.fra1\.yaml: etcd:domain is not set"):
        _ = stack(tmp_path, monkeypatch, **{"etcd:domain": ""}).settings


def test_a_new_stack_is_not_selected_and_gets_its_own_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack(tmp_path, monkeypatch).create()
    made = [call for call in calls(tmp_path) if not call.startswith("config --json")]
    own = "--stack fra1-acceptance-0a1b2c --non-interactive"
    assert made[0] == (
        "stack init fra1-acceptance-0a1b2c --no-select --copy-config-from fra1 --non-interactive"
    )
    assert f"config set etcd:domain acc-0a1b2c.etcd.example.com {own}" in made
    assert f"config set etcd:protect false {own}" in made
    assert f"config rm etcd:backupPrefix {own}" in made


@pytest.mark.parametrize("auth", ["true", "false"])
def test_with_authentication_it_has_a_client_of_its_own_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, auth: str
) -> None:
    clients = '[{"name": "shop", "permissions": [{"access": "readwrite", "prefix": "/shop/"}]}]'
    own = stack(tmp_path, monkeypatch, **{"etcd:auth": auth, "etcd:clients": clients})
    (client,) = own.settings.clients
    assert (client.name, client.permissions[0].prefix) == ("acceptance", "acceptance/")
    own.create()
    (made,) = [call for call in calls(tmp_path) if call.startswith("config set etcd:clients")]
    assert '"name": "acceptance"' in made


def test_without_authentication_it_has_no_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = stack(tmp_path, monkeypatch)
    assert not own.settings.clients
    own.create()
    assert not [call for call in calls(tmp_path) if "config set etcd:clients" in call]


def test_backups_that_are_left_out_are_in_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = stack(tmp_path, monkeypatch)
    own.backups_left_out = "the bucket does not exist"
    assert own.backup_target() is None
    own.create()
    made = "\n".join(calls(tmp_path))
    assert "config rm etcd:backupBucket --stack" in made
    assert "config set etcd:backup" not in made


def test_a_run_gives_the_numbers_that_pulumi_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change = stack(tmp_path, monkeypatch).up()
    assert change.resources == {"created": 12, "updated": 1, "replaced": 3, "unchanged": 40}


def test_a_failed_run_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = "Updating:\n + many lines\nDiagnostics:\n  the zone does not exist\n"
    with pytest.raises(AcceptanceError, match=r"^pulumi up failed: the zone does not exist$"):
        stack(tmp_path, monkeypatch, printed=printed, code=255).up()


def test_a_stack_without_a_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = stack(tmp_path, monkeypatch)
    (tmp_path / "Pulumi.fra1.yaml").unlink()
    with pytest.raises(AcceptanceError, match=r"there is no Pulumi\.fra1\.yaml here"):
        made.check_file()


def test_only_stacks_of_runs_count_as_those_of_earlier_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = stack(tmp_path, monkeypatch)
    assert own.exists()
    assert own.of_earlier_runs() == ["fra1-acceptance-abcdef"]


def test_the_providers_urls_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = stack(tmp_path, monkeypatch)
    environment = {
        "DIGITALOCEAN_API_URL": "https://do.example.com/",
        "CLOUDFLARE_BASE_URL": "https://cf.example.com",
        "CLOUDFLARE_API_TOKEN": "token",
    }
    assert own.digitalocean(environment).api_url == "https://do.example.com"
    assert (zones := own.cloudflare(environment)) is not None
    assert zones.api_url == "https://cf.example.com"
    assert own.digitalocean({}).api_url == "https://api.digitalocean.com"


def test_tokens_and_keys_are_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = {"dop_v1_full_access", "dop_v1_read_access", "access-key", "secret-key"}
    assert stack(tmp_path, monkeypatch).secrets() == expected


def test_a_stack_without_dns_records_needs_no_token_of_cloudflare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stack(tmp_path, monkeypatch, **{"etcd:zone": ""}).cloudflare({}) is None


def test_a_missing_token_is_named_with_the_command_that_sets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    advice = "pulumi config set --secret cloudflare:apiToken --stack fra1"
    with pytest.raises(AcceptanceError, match=advice):
        stack(tmp_path, monkeypatch).cloudflare({})
