"""The program makes a region's default VPC first, so that the cluster's own VPC can be deleted."""

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
    """Return each VPC's name, and whether it is the default."""
    return {vpc["name"]: vpc["default"] for vpc in http.get("/v2/vpcs").json()["vpcs"]}


async def test_a_region_gets_a_default_vpc_so_that_the_next_can_be_deleted(
    access: ProviderAccess, http: httpx.Client
) -> None:
    assert await ensure_default_vpc(access, "fra1") == "default-fra1"
    made = http.post("/v2/vpcs", json={"name": "etcd-x", "region": "fra1"}).json()["vpc"]
    assert vpcs(http) == {"default-fra1": True, "etcd-x": False}
    assert http.delete(f"/v2/vpcs/{made['id']}").status_code == 204


async def test_a_region_with_a_default_vpc_gets_no_second_one(
    access: ProviderAccess, http: httpx.Client
) -> None:
    http.post("/v2/vpcs", json={"name": "elsewhere", "region": "ams3"})
    http.post("/v2/vpcs", json={"name": "by-hand", "region": "fra1"})
    assert await ensure_default_vpc(access, "fra1") == ""
    assert vpcs(http) == {"elsewhere": True, "by-hand": True}


async def test_a_concurrent_run_uses_the_vpc_that_the_first_run_made(
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


async def test_the_error_of_a_rejected_vpc_says_what_to_do(
    access: ProviderAccess, http: httpx.Client
) -> None:
    http.post("/v2/vpcs", json={"name": "default-fra1", "region": "ams3"})
    with pytest.raises(DefaultVpcError, match=r"422 .*name is not unique.*Create a VPC in fra1 by hand"):
        await ensure_default_vpc(access, "fra1")
