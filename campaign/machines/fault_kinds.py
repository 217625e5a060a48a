"""How each kind of fault of a schedule is made."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

from campaign.machines.life import Life
from campaign.machines.stack import CampaignStack
from campaign.schedule.documents import Fault, FaultKind
from testbed.faults import clocks, clouds, data, disks, machines, network, processes, services
from testbed.faults.kinds import MemberFault

DIGITALOCEAN, CLOUDFLARE = "digitalocean", "cloudflare"
DISCOVERY = "discovery"
"""The name of the members' token."""

MOVED_SECONDS = (3 * 3600, -20 * 60)
"""By how much a clock is moved, on the members with even and with odd numbers."""

SLOW_SECONDS = 2.0
"""How much later a slow API answers."""

Begin = Callable[[Life, Fault], AbstractContextManager[None]]


def _of_member(fault: MemberFault) -> Begin:
    """A fault of a member that switches nothing off."""
    return lambda life, planned: fault(life.stack, life.stack.name(planned.member))


def _of_machine(fault: MemberFault) -> Begin:
    """A fault that switches a member's machine off."""

    @contextmanager
    def begin(life: Life, planned: Fault) -> Generator[None]:
        name = life.stack.name(planned.member)
        with life.switches_off(name), fault(life.stack, name):
            yield

    return begin


def _of_cloud(fault: Callable[[CampaignStack], AbstractContextManager[None]]) -> Begin:
    return lambda life, _planned: fault(life.stack)


def _link_cut(life: Life, planned: Fault) -> AbstractContextManager[None]:
    return network.link_cut(life.stack, life.stack.name(planned.member), life.stack.name(planned.other))


def _listing_partial(life: Life, planned: Fault) -> AbstractContextManager[None]:
    omitted = [life.stack.name(planned.member)]
    return clouds.partial_listing(life.stack, omitted, token=DISCOVERY)


def _clock_moved(life: Life, planned: Fault) -> AbstractContextManager[None]:
    seconds = MOVED_SECONDS[planned.member % len(MOVED_SECONDS)]
    return clocks.clock_moved(life.stack, life.stack.name(planned.member), seconds)


def _engine_killed(life: Life, _planned: Fault) -> AbstractContextManager[None]:
    if (run := life.runs.disturbing()) is not None:
        run.kill()
    return nullcontext()


def _run_interrupted(life: Life, _planned: Fault) -> AbstractContextManager[None]:
    if (run := life.runs.disturbing()) is not None:
        run.ask_to_end()
    return nullcontext()


def _program_killed(life: Life, _planned: Fault) -> AbstractContextManager[None]:
    if (run := life.runs.disturbing()) is not None:
        run.kill_program()
    return nullcontext()


def _provider_killed(life: Life, _planned: Fault) -> AbstractContextManager[None]:
    if (run := life.runs.disturbing()) is not None:
        run.kill_providers()
    return nullcontext()


def _engine_paused(life: Life, _planned: Fault) -> AbstractContextManager[None]:
    run = life.runs.disturbing()
    return nullcontext() if run is None else run.paused()


FAULTS: Mapping[FaultKind, Begin] = {
    FaultKind.ENGINE_KILLED: _engine_killed,
    FaultKind.RUN_INTERRUPTED: _run_interrupted,
    FaultKind.PROGRAM_KILLED: _program_killed,
    FaultKind.PROVIDER_KILLED: _provider_killed,
    FaultKind.ENGINE_PAUSED: _engine_paused,
    FaultKind.ETCD_KILLED: _of_member(processes.killed),
    FaultKind.REBOOTED: _of_machine(machines.rebooted),
    FaultKind.POWER_CYCLED: _of_machine(machines.power_cycled),
    FaultKind.DROPLET_DELETED: _of_machine(machines.deleted),
    FaultKind.WIPED: _of_member(data.wiped),
    FaultKind.LOG_DAMAGED: _of_member(data.log_corrupted),
    FaultKind.ETCD_PAUSED: _of_member(processes.suspended),
    FaultKind.ETCD_STOPPED: _of_member(processes.stopped),
    FaultKind.PAUSED: _of_member(machines.paused),
    FaultKind.POWERED_OFF: _of_machine(machines.powered_off),
    FaultKind.CUT_OFF: _of_member(network.cut_off),
    FaultKind.SENDS_NOTHING: _of_member(network.cut_off_outbound),
    FaultKind.RECEIVES_NOTHING: _of_member(network.cut_off_inbound),
    FaultKind.LINK_CUT: _link_cut,
    FaultKind.OPERATOR_CUT_OFF: _of_cloud(network.operator_cut_off),
    FaultKind.OPERATOR_WITHOUT_APIS: _of_cloud(network.operator_without_apis),
    FaultKind.API_ERRORS: _of_cloud(lambda stack: clouds.failing(stack, DIGITALOCEAN)),
    FaultKind.API_SLOW: _of_cloud(lambda stack: clouds.slow(stack, DIGITALOCEAN, SLOW_SECONDS)),
    FaultKind.API_RATE_LIMITED: _of_cloud(lambda stack: clouds.rate_limited(stack, DIGITALOCEAN)),
    FaultKind.API_DROPS: _of_cloud(lambda stack: clouds.dropping(stack, DIGITALOCEAN)),
    FaultKind.API_DOWN: _of_cloud(lambda stack: clouds.down(stack, DIGITALOCEAN)),
    FaultKind.CLOUDFLARE_DOWN: _of_cloud(lambda stack: clouds.down(stack, CLOUDFLARE)),
    FaultKind.DNS_DOWN: _of_cloud(services.name_server_paused),
    FaultKind.DNS_FAILS: _of_cloud(services.name_server_failing),
    FaultKind.OBJECTS_DOWN: _of_cloud(services.object_store_stopped),
    FaultKind.LISTING_STALE: _of_cloud(clouds.stale_listing),
    FaultKind.LISTING_PARTIAL: _listing_partial,
    FaultKind.DISK_FULL: _of_member(disks.full),
    FaultKind.DISK_READ_ONLY: _of_member(disks.read_only),
    FaultKind.DISK_SLOW: _of_member(disks.slow_disk),
    FaultKind.CLOCK_MOVED: _clock_moved,
}
"""What makes each kind of fault."""
