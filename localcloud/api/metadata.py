"""The metadata service: a droplet gets its own metadata; the request's source address identifies it.

Paths and fields are those of DigitalOcean's metadata API reference (``/metadata/v1/`` as text,
``/metadata/v1.json``).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, ip_address
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, PlainTextResponse

from localcloud.addresses import GATEWAY
from localcloud.api.cloud import Cloud
from localcloud.api.model import Droplet

Tree = dict[str, Any]


def droplet_at(cloud: Cloud, address: str) -> Droplet | None:
    """Return the droplet with this public or private address, or ``None``."""
    wanted = ip_address(address)
    for droplet in cloud.store.everywhere(Droplet):
        if wanted in {droplet.public.ip, droplet.private.ip}:
            return droplet
    return None


def _interface(kind: str, address: IPv4Interface, gateway: IPv4Address) -> Tree:
    ipv4 = {"ip_address": str(address.ip), "netmask": str(address.netmask), "gateway": str(gateway)}
    return {"ipv4": ipv4, "type": kind}


def document(droplet: Droplet) -> Tree:
    """Return the content of ``/metadata/v1.json``."""
    return {
        "droplet_id": droplet.id,
        "hostname": droplet.name,
        "user_data": droplet.user_data,
        "vendor_data": "",
        "public_keys": droplet.ssh_keys,
        "region": droplet.region,
        "interfaces": {
            "public": [_interface("public", droplet.public, GATEWAY.ip)],
            "private": [_interface("private", droplet.private, droplet.private.network.network_address + 1)],
        },
        "floating_ip": {"ipv4": {"active": False}},
        "reserved_ip": {"ipv4": {"active": False}},
        "dns": {"nameservers": [str(GATEWAY.ip)]},
        "tags": droplet.tags,
        "features": {"dhcp_enabled": False},
    }


def tree(droplet: Droplet) -> Tree:
    """Return the content of ``/metadata/v1/``: mappings are folders, texts are files."""
    facts = document(droplet)
    interfaces = {
        kind: {str(index): each for index, each in enumerate(facts["interfaces"][kind])}
        for kind in ("public", "private")
    }
    return {
        "id": str(droplet.id),
        "hostname": droplet.name,
        "user-data": droplet.user_data,
        "vendor-data": "",
        "public-keys": "\n".join(droplet.ssh_keys),
        "region": droplet.region,
        "interfaces": interfaces,
        "dns": {"nameservers": "\n".join(facts["dns"]["nameservers"])},
        "floating_ip": {"ipv4": {"active": "false"}},
        "reserved_ip": {"ipv4": {"active": "false"}},
        "tags": "\n".join(droplet.tags),
        "features": {"dhcp_enabled": "false"},
    }


def _calling(request: Request) -> Droplet:
    """Return the droplet that sent the request. Any other source gets a 404."""
    cloud: Cloud = request.app.state.cloud
    droplet = droplet_at(cloud, request.client.host) if request.client else None
    if droplet is None:
        raise HTTPException(404, "not found")
    return droplet


async def _as_text(_: Request, error: Exception) -> PlainTextResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    return PlainTextResponse(str(error.detail), status_code=error.status_code)


Calling = Annotated[Droplet, Depends(_calling)]


def metadata_app(cloud: Cloud) -> FastAPI:
    """Return the app of the metadata service."""
    app = FastAPI(title="Metadata", openapi_url=None, redirect_slashes=False)
    app.state.cloud = cloud
    app.add_exception_handler(HTTPException, _as_text)

    @app.get("/metadata/v1.json")
    async def as_json(droplet: Calling) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return JSONResponse(document(droplet))

    @app.get("/metadata/v1")
    @app.get("/metadata/v1/{path:path}")
    async def as_text(droplet: Calling, path: str = "") -> PlainTextResponse:  # pyright: ignore[reportUnusedFunction]
        node: Any = tree(droplet)
        for part in filter(None, path.split("/")):
            if not isinstance(node, dict) or part not in node:
                raise HTTPException(404, "not found")
            node = node[part]  # pyright: ignore[reportUnknownVariableType]
        if isinstance(node, dict):
            names: dict[str, Any] = node  # pyright: ignore[reportUnknownVariableType]
            return PlainTextResponse(
                "\n".join(f"{name}/" if isinstance(child, dict) else name for name, child in names.items())
            )
        return PlainTextResponse(str(node))  # pyright: ignore[reportUnknownArgumentType]

    return app
