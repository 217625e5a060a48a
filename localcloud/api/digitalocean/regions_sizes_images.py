"""``/v2/regions``, ``/v2/sizes`` and ``/v2/images``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from localcloud.api.catalog import IMAGES, REGIONS, SIZES, find_image
from localcloud.api.digitalocean import views
from localcloud.api.digitalocean.access import require
from localcloud.api.digitalocean.errors import not_found
from localcloud.api.digitalocean.paging import PagerParam

router = APIRouter(prefix="/v2")


@router.get("/regions", dependencies=[require("regions:read")])
async def regions(pager: PagerParam) -> Any:
    """List all regions."""
    return pager("regions", list(REGIONS.values()), views.region)


@router.get("/sizes", dependencies=[require("sizes:read", "regions:read")])
async def sizes(pager: PagerParam) -> Any:
    """List all sizes."""
    return pager("sizes", list(SIZES.values()), views.size)


@router.get("/images", dependencies=[require("image:read")])
async def images(pager: PagerParam, type: str = "", private: bool = False) -> Any:  # noqa: A002
    """List all images, or those of a type. No account has private images."""
    listed = [] if private else [image for image in IMAGES.values() if type in {"", image.kind}]
    return pager("images", listed, views.image)


@router.get("/images/{image}", dependencies=[require("image:read")])
async def image(image: str) -> Any:
    """Return one image, by id or slug."""
    found = find_image(image)
    if found is None:
        raise not_found()
    return {"image": views.image(found)}
