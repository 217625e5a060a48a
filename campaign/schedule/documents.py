"""The format of a schedule.

A schedule is the life of one cluster: a start, and steps. In each step the operator does one thing, while faults begin
and end. After the last step no fault is left, and the operator repairs the cluster as the documentation says.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Document(BaseModel):
    """A JSON document that cannot be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ActionKind(StrEnum):
    """What the operator does."""

    NOTHING = "nothing"
    """Only faults come."""

    UP = "up"
    """``pulumi up`` without a change."""

    SETTING = "setting"
    """A setting that reaches all members. The value is ``etcd:maxTxnOps``."""

    FIREWALL = "firewall"
    """A setting that reaches no member. The value is one more network of clients."""

    UPGRADE = "upgrade"
    """etcd's next minor version. The value is the version."""

    SIZE = "size"
    """Another number of members. The value is the number."""

    REPLACE = "replace"
    """``--replace`` of a member's droplet."""

    RENEW = "renew"
    """``--replace`` of a member's server certificate."""

    DRIFT = "drift"
    """The account shows another droplet than the state has, and the run replaces it."""

    ROTATE = "rotate"
    """One step of a replacement of the CA. The value is ``etcd:authorities``, with commas."""

    BACKUP = "backup"
    """A backup on a member."""

    RESTORE = "restore"
    """A backup on a member, and another stack that starts from it."""

    CLIENTS = "clients"
    """One client more, with other permissions. The value is its name."""

    AUTH = "auth"
    """Authentication switched on or off. The value is ``true`` or ``false``."""

    ALL_AT_ONCE = "all-at-once"
    """A setting that reaches all members at the same time. The value is ``etcd:maxTxnOps``."""

    TWO_RUNS = "two-runs"
    """Two runs at the same time. The value is ``etcd:maxTxnOps`` of the first one."""

    OTHER_CHECKOUT = "other-checkout"
    """A run of the same program in another folder. The value is ``etcd:maxTxnOps``."""

    SURVIVOR = "one-survivor"
    """All members but one lose their data, and the cluster is recovered from that one, as the documentation says."""

    DESTROY = "destroy"
    """``pulumi destroy``, killed when it begins to delete the first droplet."""


class FaultKind(StrEnum):
    """What breaks. The first ones end by themselves, the others when their time is over."""

    ENGINE_KILLED = "engine-killed"
    """The engine and its plugins, with SIGKILL."""

    RUN_INTERRUPTED = "run-interrupted"
    """SIGINT to the engine, as Ctrl-C sends it."""

    PROGRAM_KILLED = "program-killed"
    PROVIDER_KILLED = "provider-killed"
    ETCD_KILLED = "etcd-killed"
    """With SIGKILL. systemd starts it again."""

    REBOOTED = "rebooted"
    """A member's machine."""

    POWER_CYCLED = "power-cycled"
    """The power of a member's machine is cut, and on again at once."""

    DROPLET_DELETED = "droplet-deleted"
    """Outside of Pulumi. The data volume stays."""

    WIPED = "wiped"
    """All data of a member is deleted while its etcd is stopped."""

    LOG_DAMAGED = "log-damaged"
    """Bytes of a member's write-ahead log are flipped while its etcd is stopped."""

    ENGINE_PAUSED = "engine-paused"
    """SIGSTOP, and SIGCONT at the end."""

    ETCD_PAUSED = "etcd-paused"
    """SIGSTOP, and SIGCONT at the end."""

    ETCD_STOPPED = "etcd-stopped"
    """``systemctl stop etcd``, and a start at the end."""

    PAUSED = "paused"
    """A member's whole machine is frozen."""

    POWERED_OFF = "powered-off"
    """The power of a member's machine is cut, and on again at the end."""

    CUT_OFF = "cut-off"
    """A member sends and receives nothing."""

    SENDS_NOTHING = "sends-nothing"
    RECEIVES_NOTHING = "receives-nothing"
    LINK_CUT = "link-cut"
    """Two members do not reach each other."""

    OPERATOR_CUT_OFF = "operator-cut-off"
    """The operator's machine reaches no member."""

    OPERATOR_WITHOUT_APIS = "operator-without-apis"
    """The operator's machine reaches neither DigitalOcean nor Cloudflare."""

    API_ERRORS = "api-errors"
    """DigitalOcean's API answers 503."""

    API_SLOW = "api-slow"
    API_RATE_LIMITED = "api-rate-limited"
    """DigitalOcean's API answers 429."""

    API_DROPS = "api-drops"
    """DigitalOcean's API closes connections without an answer."""

    API_DOWN = "api-down"
    CLOUDFLARE_DOWN = "cloudflare-down"
    DNS_DOWN = "dns-down"
    DNS_FAILS = "dns-fails"
    """The name server answers with an error."""

    OBJECTS_DOWN = "objects-down"
    """The object store of the backups."""

    LISTING_STALE = "listing-stale"
    """The listing of droplets stays as it is."""

    LISTING_PARTIAL = "listing-partial"
    """The listing of droplets lacks a member's droplet, for the members' token."""

    DISK_FULL = "disk-full"
    DISK_READ_ONLY = "disk-read-only"
    DISK_SLOW = "disk-slow"
    CLOCK_MOVED = "clock-moved"
    """The clock of all programs on a member's machine."""


LOSES_DATA = frozenset({FaultKind.WIPED, FaultKind.LOG_DAMAGED})
"""Faults that take a member's data."""

LOSES_DROPLET = frozenset({FaultKind.DROPLET_DELETED})
"""Faults that take a member's data if the member has no data volume."""

OF_A_RUN = frozenset(
    {
        FaultKind.ENGINE_KILLED,
        FaultKind.RUN_INTERRUPTED,
        FaultKind.PROGRAM_KILLED,
        FaultKind.PROVIDER_KILLED,
        FaultKind.ENGINE_PAUSED,
    }
)
"""Faults of the operator's run. They come only with actions that run Pulumi."""

WITHOUT_END = frozenset(
    {
        *(OF_A_RUN - {FaultKind.ENGINE_PAUSED}),
        FaultKind.ETCD_KILLED,
        FaultKind.REBOOTED,
        FaultKind.POWER_CYCLED,
        FaultKind.DROPLET_DELETED,
        *LOSES_DATA,
    }
)
"""Faults that are over at once."""

OF_A_MEMBER = frozenset(
    {
        FaultKind.ETCD_KILLED,
        FaultKind.REBOOTED,
        FaultKind.POWER_CYCLED,
        FaultKind.DROPLET_DELETED,
        FaultKind.WIPED,
        FaultKind.LOG_DAMAGED,
        FaultKind.ETCD_PAUSED,
        FaultKind.ETCD_STOPPED,
        FaultKind.PAUSED,
        FaultKind.POWERED_OFF,
        FaultKind.CUT_OFF,
        FaultKind.SENDS_NOTHING,
        FaultKind.RECEIVES_NOTHING,
        FaultKind.LINK_CUT,
        FaultKind.LISTING_PARTIAL,
        FaultKind.DISK_FULL,
        FaultKind.DISK_READ_ONLY,
        FaultKind.DISK_SLOW,
        FaultKind.CLOCK_MOVED,
    }
)
"""Faults of one member, or of the way from it to another one."""


class Fault(Document):
    """A fault during one step."""

    kind: FaultKind
    member: int = 0
    """The number of the member that it is about, or 0."""

    other: int = 0
    """The number of the member at the other end of a link, or 0."""

    after: float
    """Seconds from the begin of the step to that of the fault."""

    lasts: float = 0.0
    """Seconds from its begin to its end."""

    def __str__(self) -> str:
        ends = [f"member {number}" for number in (self.member, self.other) if number]
        time = f"after {self.after:.1f} s" + (f" for {self.lasts:.1f} s" if self.lasts else "")
        return " ".join([self.kind, *(["of"] if ends else []), " and ".join(ends), time]).replace("  ", " ")


class Step(Document):
    """One action of the operator, with the faults that come meanwhile."""

    action: ActionKind
    member: int = 0
    """The number of the member that it is about, or 0."""

    value: str = ""
    after: float = 0.0
    """Seconds from the begin of the step to that of the action: meanwhile, faults may begin."""

    faults: tuple[Fault, ...] = ()

    def __str__(self) -> str:
        member = f" of member {self.member}" if self.member else ""
        value = f" {self.value}" if self.value else ""
        faults = "".join(f"; {fault}" for fault in self.faults)
        after = f" after {self.after:.1f} s" if self.after else ""
        return f"{self.action}{value}{member}{after}{faults}"


class Start(Document):
    """The cluster at the begin of a schedule."""

    version: str
    """etcd's version."""

    size: int = 3
    has_volumes: bool = True
    """Whether members keep their data on volumes, which outlive droplets."""

    auth: bool = False
    """Whether authentication is on, so that the clients of the schedule have permissions of their own."""

    def __str__(self) -> str:
        volumes = "with data volumes" if self.has_volumes else "without data volumes"
        return (
            f"etcd {self.version}, {self.size} members {volumes}{', authentication on' if self.auth else ''}"
        )


class Schedule(Document):
    """The life of one cluster."""

    seed: str
    start: Start
    steps: tuple[Step, ...]

    def told(self) -> str:
        """The schedule as a person reads it, a line for each step."""
        steps = [f"{number:2d}  {step}" for number, step in enumerate(self.steps, 1)]
        return "\n".join([f"seed {self.seed}: {self.start}", *steps])
