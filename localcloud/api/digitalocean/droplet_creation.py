"""Validates a request to create droplets, and stores them. Errors are worded like DigitalOcean's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator

from localcloud.api.addressing import NoFreeAddressError, private_address, public_address
from localcloud.api.catalog import REGIONS, SIZES, Image, Size, find_image
from localcloud.api.cloud import Cloud
from localcloud.api.digitalocean import tagging
from localcloud.api.digitalocean.default_vpc import ensure_default
from localcloud.api.digitalocean.errors import unprocessable
from localcloud.api.model import Droplet, SshKey, Volume, Vpc
from localcloud.api.store import Store

FIRST_DROPLET = 1001
MAX_AT_ONCE = 10
DEFAULT_REGION = "nyc3"
USER_DATA_LIMIT = 64 * 1024
HOSTNAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9.-]{0,253}[a-zA-Z0-9])?")


def _volume_id(value: object) -> object:
    """Return a volume's id. DigitalOcean's Go client sends ``{"id": ...}``, others send the id."""
    return value.get("id") if isinstance(value, dict) else value  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


class CreateDroplet(BaseModel):
    """The body of a request that creates droplets."""

    name: str | None = None
    names: list[str] | None = None
    region: str | None = None
    size: str
    image: str | int
    ssh_keys: list[str | int] | None = None
    backups: bool | None = False
    ipv6: bool | None = False
    monitoring: bool | None = False
    private_networking: bool | None = None
    public_networking: bool | None = True
    with_droplet_agent: bool | None = None
    tags: list[str] | None = None
    user_data: str | None = None
    volumes: list[Annotated[str, BeforeValidator(_volume_id)]] | None = None
    vpc_uuid: str | None = None

    @property
    def all_names(self) -> list[str]:
        """The names of the droplets to create."""
        return self.names if self.names is not None else [self.name or ""]

    @property
    def features(self) -> list[str]:
        """The features of the created droplets."""
        asked = {
            "backups": self.backups,
            "droplet_agent": self.with_droplet_agent is not False,
            "monitoring": self.monitoring,
        }
        return sorted([name for name, wanted in asked.items() if wanted] + ["private_networking"])


@dataclass(frozen=True)
class Order:
    """A validated request."""

    wanted: CreateDroplet
    region: str
    size: Size
    image: Image
    public_keys: list[str]
    volumes: list[Volume]


def check(wanted: CreateDroplet, cloud: Cloud) -> Order:
    """Validate a request; an invalid one is a 422."""
    _check_names(wanted, cloud)
    region = wanted.region or DEFAULT_REGION
    size, image = _check_make(wanted, region)
    keys = _public_keys(cloud.store, wanted.ssh_keys or [])
    return Order(wanted, region, size, image, keys, _free_volumes(cloud.store, wanted, region))


def place(order: Order, store: Store) -> list[Droplet]:
    """Store the ``new`` droplets of an order with their tags, addresses and volumes, atomically."""
    with store.transaction():
        try:
            vpc = _vpc_for(store, order.wanted.vpc_uuid, order.region)
            created = [_new_droplet(store, order, name, vpc) for name in order.wanted.all_names]
        except (tagging.InvalidTagError, NoFreeAddressError) as error:
            raise unprocessable(str(error)) from error
        for volume in order.volumes:
            store.put(volume.model_copy(update={"droplet": created[0].id}))
    return created


def _check_names(wanted: CreateDroplet, cloud: Cloud) -> None:
    if wanted.names is not None and not 1 <= len(wanted.names) <= MAX_AT_ONCE:
        raise unprocessable(f"names has {len(wanted.names)} entries: use 1 to {MAX_AT_ONCE}")
    if any(not HOSTNAME.fullmatch(name) for name in wanted.all_names):
        raise unprocessable("Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)")
    if len(cloud.store.all(Droplet)) + len(wanted.all_names) > cloud.limits.droplets:
        raise unprocessable("creating this/these droplet(s) will exceed your droplet limit")


def _check_make(wanted: CreateDroplet, region: str) -> tuple[Size, Image]:
    if region not in REGIONS:
        raise unprocessable("You specified an invalid region for Droplet creation.")
    size = SIZES.get(wanted.size)
    if size is None:
        raise unprocessable("You specified an invalid size for Droplet creation.")
    if region not in size.regions:
        raise unprocessable("Size is not available in this region.")
    image = find_image(wanted.image)
    if image is None:
        raise unprocessable("You specified an invalid image for Droplet creation.")
    if size.disk_gib < image.min_disk_gib:
        raise unprocessable("This size is not available because it has a smaller disk.")
    if not image.boots:
        raise unprocessable(f"image {image.slug} does not boot in the local cloud: use debian-13-x64")
    if wanted.ipv6:
        raise unprocessable("IPv6 is not available in the local cloud: leave ipv6 out, or set it to false")
    if wanted.public_networking is False:
        raise unprocessable("public_networking: false is not available in the local cloud: leave it out")
    length = len((wanted.user_data or "").encode())
    if length > USER_DATA_LIMIT:
        raise unprocessable(f"User data is too long: it has {length} bytes, the maximum is {USER_DATA_LIMIT}")
    return size, image


def _public_keys(store: Store, wanted: list[str | int]) -> list[str]:
    by_name = {key.fingerprint: key for key in store.all(SshKey)} | {
        str(key.id): key for key in store.all(SshKey)
    }
    unknown = [str(name) for name in wanted if str(name) not in by_name]
    if unknown:
        raise unprocessable(f"{', '.join(unknown)} are invalid key identifiers for Droplet creation.")
    return [by_name[str(name)].public_key for name in wanted]


def _free_volumes(store: Store, wanted: CreateDroplet, region: str) -> list[Volume]:
    ids = wanted.volumes or []
    if ids and len(wanted.all_names) > 1:
        raise unprocessable("volumes: a volume can be attached to one Droplet only")
    volumes: list[Volume] = []
    for id_ in ids:
        volume = store.find(Volume, id_)
        if volume is None:
            raise unprocessable(f"volume {id_} was not found")
        if volume.droplet is not None:
            raise unprocessable(f"volume {id_} is already attached to Droplet {volume.droplet}")
        if volume.region != region:
            raise unprocessable(f"volume {id_} is in {volume.region}: it can be attached in that region only")
        volumes.append(volume)
    return volumes


def _vpc_for(store: Store, wanted: str | None, region: str) -> Vpc:
    """Return the requested VPC, or the region's default VPC."""
    if wanted:
        vpc = store.find(Vpc, wanted)
        if vpc is None or vpc.region != region:
            raise unprocessable(f"Failed to resolve VPC {wanted} in {region}")
        return vpc
    return ensure_default(store, region)


def _new_droplet(store: Store, order: Order, name: str, vpc: Vpc) -> Droplet:
    id_ = store.next("droplet", FIRST_DROPLET)
    droplet = Droplet(
        id=id_,
        name=name,
        region=order.region,
        size=order.size.slug,
        disk_gib=order.size.disk_gib,
        image=order.image.slug,
        features=order.wanted.features,
        user_data=order.wanted.user_data or "",
        ssh_keys=order.public_keys,
        tags=tagging.ensure(store, order.wanted.tags or [], f"/v2/droplets/{id_}"),
        volumes=[volume.id for volume in order.volumes],
        vpc=vpc.id,
        public=public_address(store),
        private=private_address(store, vpc),
    )
    store.put(droplet)
    return droplet
