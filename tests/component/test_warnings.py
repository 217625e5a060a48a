"""A run and a preview warn of settings that are allowed and may not be meant."""

from __future__ import annotations

import pulumi
import pytest

from tests.component.conftest import PlanOf


@pytest.mark.parametrize(("auth", "warned"), [(True, True), (False, False)])
def test_a_preview_warns_of_an_etcd_that_does_not_enforce_all_permissions(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch, auth: bool, warned: bool
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: said.append(text))
    plan_of(auth=auth, version="3.6.13")
    assert any(text.startswith("etcd:version is 3.6.13, and etcd:auth is true: ") for text in said) is warned
