"""``/v2/account/keys``: SSH keys, by id or by fingerprint."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from localcloud.api.cloud import Cloud
from localcloud.api.digitalocean import views
from localcloud.api.digitalocean.access import CloudParam, require
from localcloud.api.digitalocean.errors import not_found, unprocessable
from localcloud.api.digitalocean.paging import PagerParam
from localcloud.api.model import SshKey

router = APIRouter(prefix="/v2/account/keys")

FIRST_KEY = 512101


class CreateKey(BaseModel):
    """The body of a request that adds a key."""

    name: Annotated[str, Field(min_length=1)]
    public_key: str


class UpdateKey(BaseModel):
    """The body of a request that renames a key."""

    name: Annotated[str, Field(min_length=1)]


def fingerprint(public_key: str) -> str:
    """Return the MD5 digest of a key as DigitalOcean shows it: ``3b:16:bf:...``.

    Raises ``ValueError`` if the text is not an OpenSSH public key.
    """
    kind, _, rest = public_key.strip().partition(" ")
    try:
        blob = base64.b64decode(rest.split(" ")[0], validate=True)
    except binascii.Error as error:
        raise ValueError("the key is not base64") from error
    if not kind or blob[4 : 4 + len(kind)] != kind.encode():
        raise ValueError("the key has another type than it says")
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def _get(cloud: Cloud, key: str) -> SshKey:
    for each in cloud.store.all(SshKey):
        if key in {str(each.id), each.fingerprint}:
            return each
    raise not_found()


@router.post("", status_code=201, dependencies=[require("ssh_key:create")])
async def create(wanted: CreateKey, cloud: CloudParam) -> Any:
    """Add a key to the account."""
    try:
        digest = fingerprint(wanted.public_key)
    except ValueError as error:
        raise unprocessable(f"Key invalid: {error}") from error
    if any(key.fingerprint == digest for key in cloud.store.all(SshKey)):
        raise unprocessable("SSH Key is already in use on your account")
    key = SshKey(
        id=cloud.store.next("ssh_key", FIRST_KEY),
        name=wanted.name,
        public_key=wanted.public_key,
        fingerprint=digest,
    )
    cloud.store.put(key)
    return {"ssh_key": views.ssh_key(key)}


@router.get("", dependencies=[require("ssh_key:read")])
async def list_(cloud: CloudParam, pager: PagerParam) -> Any:
    """List all keys."""
    return pager("ssh_keys", cloud.store.all(SshKey), views.ssh_key)


@router.get("/{key}", dependencies=[require("ssh_key:read")])
async def get(key: str, cloud: CloudParam) -> Any:
    """Return one key."""
    return {"ssh_key": views.ssh_key(_get(cloud, key))}


@router.put("/{key}", dependencies=[require("ssh_key:update")])
async def update(key: str, wanted: UpdateKey, cloud: CloudParam) -> Any:
    """Rename a key."""
    renamed = _get(cloud, key).model_copy(update={"name": wanted.name})
    cloud.store.put(renamed)
    return {"ssh_key": views.ssh_key(renamed)}


@router.delete("/{key}", status_code=204, dependencies=[require("ssh_key:delete")])
async def delete(key: str, cloud: CloudParam) -> Response:
    """Remove a key from the account. Existing droplets keep it."""
    cloud.store.delete(_get(cloud, key))
    return Response(status_code=204)
