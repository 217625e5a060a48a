"""What a refused run tells the operator to do, where one more ``pulumi up`` may not be enough."""

from __future__ import annotations

from components.config.settings import Settings


def untouched(settings: Settings) -> str:
    """The end of a gate's refusal."""
    if settings.volume_size:
        last = "For a cluster that never became healthy, or is given up: pulumi config set etcd:rollout all-at-once."
    else:
        last = (
            "A cluster that never became healthy, or is given up, is made anew, since its members have no volumes: "
            "pulumi destroy, and then pulumi up, with etcd:restoreFrom where there is a backup (docs/recovery.md)."
        )
    return f"Nothing was touched for it. A passing trouble needs nothing but another pulumi up. {last}"


def renewed(settings: Settings) -> str:
    """How expired certificates are replaced by those that the run has issued."""
    if settings.volume_size:
        return (
            "Replace all of them in one run, which this one has issued new certificates for. With data volumes they "
            "keep their data:\n"
            "  pulumi config set etcd:rollout all-at-once && pulumi up && pulumi config rm etcd:rollout"
        )
    return (
        "Their data is on the droplets' own disks, so none of them may be replaced for it. This run has issued new "
        "certificates: put these on the members by hand, and run pulumi up again (docs/lifecycle.md, Renewal)."
    )
