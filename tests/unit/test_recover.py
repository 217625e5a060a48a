"""When a recovery goes on, and what it tells discovery."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from prepare_cluster import recover
from prepare_cluster.recover import Consent, end, new_token, refusal
from prepare_cluster.settings import Settings, as_recovered

QUORUM = ["m1", "m2", "m3"]
NAME = "20261125T174057Z_r000000012345_k812_v3.6.14_c_ab.db.gz"


@pytest.mark.parametrize("consent", [
    Consent(), Consent(give_up="token"), Consent(even_with_quorum=True), Consent(True, "another"),
])  # fmt: skip
def test_a_cluster_with_quorum_is_not_given_up_unless_told_so_twice(consent: Consent) -> None:
    reason = refusal(QUORUM, "token", consent)
    assert reason is not None
    assert "the cluster has a quorum of m1, m2, m3" in reason
    assert ("--even-with-quorum" in reason) is not consent.even_with_quorum
    assert ("--give-up token" in reason) is consent.even_with_quorum


def test_told_twice_it_is() -> None:
    assert refusal(QUORUM, "token", Consent(even_with_quorum=True, give_up="token")) is None


def test_without_quorum_nobody_has_to_be_told() -> None:
    assert refusal([], "token", Consent()) is None


def test_all_members_make_the_same_new_token_and_never_the_old_one() -> None:
    assert new_token("token", NAME) == new_token("token", NAME)
    assert (
        len({"token", new_token("token", NAME), new_token("token", "other"), new_token("other", NAME)}) == 4
    )


def test_discovery_hears_of_the_recovery(tmp_path: Path) -> None:
    settings = Settings(**{**dict.fromkeys(Settings.__dataclass_fields__, ""), "token": "old"})
    file = tmp_path / "recovery.json"
    assert as_recovered(settings, file) is settings
    file.write_text(json.dumps({"token": "new", "restore": NAME}))
    recovered = as_recovered(settings, file)
    assert (recovered.token, recovered.restore, recovered.recovered) == ("new", NAME, True)


def test_an_etcd_that_does_not_end_by_itself_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recover, "ENDING", 0.2)
    deaf = subprocess.Popen(
        ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"], stdout=subprocess.PIPE
    )
    assert deaf.stdout is not None
    deaf.stdout.readline()
    end(deaf)
    deaf.stdout.close()
    assert deaf.returncode == -9
