"""Runs the services of a local cloud in the foreground until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
from pathlib import Path

from localcloud.api.cloud import Cloud, Limits
from localcloud.api.services import LOOPBACK, Addresses, Services
from localcloud.api.store import Store
from localcloud.machines.interface import MachineHost, NoMachines

log = logging.getLogger(__name__)

HOURS_SHARE = 20
"""Ratio of the limits of an hour and of a minute: DigitalOcean allows 5,000 and 250 requests."""


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.api", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of the database and the machines")
    parser.add_argument("--name", required=True, help="name of the local cloud")
    parser.add_argument("--machines", choices=["nspawn", "none"], default="nspawn")
    parser.add_argument("--image", type=Path, help="root tree from which machines boot (nspawn only)")
    parser.add_argument(
        "--releases", type=Path, required=True, help="folder with v<version>/etcd-v<version>-..."
    )
    parser.add_argument(
        "--control", type=Path, help="control socket (default /run/localcloud/NAME/control.sock)"
    )
    parser.add_argument("--loopback", action="store_true", help="listen on free ports of 127.0.0.1 instead")
    parser.add_argument("--droplet-limit", type=int, default=Limits.droplets)
    parser.add_argument("--requests-per-hour", type=int, help="default: 20 times the limit of a minute")
    parser.add_argument("--requests-per-minute", type=int, default=Limits.requests_per_minute)
    parser.add_argument("--shutdown-seconds", type=float, default=Limits.shutdown_seconds)
    given = parser.parse_args()
    if given.requests_per_hour is None:
        given.requests_per_hour = HOURS_SHARE * given.requests_per_minute
    if given.machines == "nspawn" and given.image is None:
        parser.error("--image is missing: nspawn machines boot from it")
    return given


def host_of(given: argparse.Namespace) -> MachineHost:
    """Return the machine host that the command line asks for."""
    if given.machines == "none":
        return NoMachines()
    from localcloud.machines.nspawn import NspawnHost  # noqa: PLC0415 - it needs Linux

    return NspawnHost(given.name, given.state, given.image)


async def serve(given: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    given.state.mkdir(parents=True, exist_ok=True)
    limits = Limits(
        given.droplet_limit, given.requests_per_hour, given.requests_per_minute, given.shutdown_seconds
    )
    cloud = Cloud(Store(given.state / "api.sqlite"), host_of(given), limits=limits)
    control = given.control or Path("/run/localcloud", given.name, "control.sock")
    services = Services(cloud, LOOPBACK if given.loopback else Addresses(), given.releases, control)
    try:
        await services.start()
        for service, listener in services.listeners.items():
            log.info("%s listens on %s", service, listener.url)
        await stop.wait()
    finally:
        await services.stop()


def main() -> None:
    """Run the services."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    asyncio.run(serve(arguments()))


if __name__ == "__main__":
    main()
