"""A region has a default VPC before the cluster's own is made, which could not be deleted otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from components.config.loading import ProviderAccess
from components.orphans import default_vpc
from components.orphans.default_vpc import DefaultVpcError, ensure_default_vpc
from localcloud.tokens import DIGITALOCEAN_TOKEN


@pytest.fixture
def access(lab: Any) -> ProviderAccess:
    return ProviderAccess(lab.url("digitalocean"), DIGITALOCEAN_TOKEN)


def vpcs(http: httpx.Client) -> dict[str, bool]:
    """Whether it is the default, by name."""
    return {vpc["name"]: vpc["default"] for vpc in http.get("/v2/vpcs").json()["vpcs"]}


async def test_a_region_without_a_vpc_gets_one_and_what_is_made_next_can_be_deleted(
    access: ProviderAccess, http: httpx.Client
) -> None:
    assert await ensure_default_vpc(access, "fra1") == "default-fra1"
    made = http.post("/v2/vpcs", json={"name": "etcd-x", "region": "fra1"}).json()["vpc"]
    assert vpcs(http) == {"default-fra1": True, "etcd-x": False}
    assert http.delete(f"/v2/vpcs/{made['id']}").status_code == 204


async def test_a_region_that_has_a_default_vpc_gets_no_other(
    access: ProviderAccess, http: httpx.Client
) -> None:
    http.post("/v2/vpcs", json={"name": "elsewhere", "region": "ams3"})
    http.post("/v2/vpcs", json={"name": "by-hand", "region": "fra1"})
    assert await ensure_default_vpc(access, "fra1") == ""
    assert vpcs(http) == {"elsewhere": True, "by-hand": True}


async def test_a_run_that_comes_second_takes_what_the_first_has_made(
    access: ProviderAccess, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = default_vpc.list_all

    async def then_made_by_another(*asked: Any, **how: Any) -> list[Mapping[str, Any]]:
        seen = await listed(*asked, **how)
        http.post("/v2/vpcs", json={"name": "default-fra1", "region": "fra1"})
        return seen

    monkeypatch.setattr(default_vpc, "list_all", then_made_by_another)
    assert await ensure_default_vpc(access, "fra1") == ""
    assert vpcs(http) == {"default-fra1": True}


async def test_a_refusal_is_told_with_a_way_out(access: ProviderAccess, http: httpx.Client) -> None:
    http.post("/v2/vpcs", json={"name": "default-fra1", "region": "ams3"})
    with pytest.raises(DefaultVpcError, match=r"422 .*name is not unique.*make a VPC in fra1 by hand"):
        await ensure_default_vpc(access, "fra1")
