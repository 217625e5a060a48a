"""``/user/tokens/verify``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from localcloud.api.cloudflare.access import verified
from localcloud.api.cloudflare.envelope import success

router = APIRouter(prefix="/user/tokens", dependencies=[Depends(verified)])


@router.get("/verify")
async def verify() -> Any:
    """Answer that the request's token is valid."""
    message = {"code": 10000, "message": "This API Token is valid and active", "type": None}
    return success({"id": "ed17574386854bf78a67040be0a770b0", "status": "active"}, messages=[message])
