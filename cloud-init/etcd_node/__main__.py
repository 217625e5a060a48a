"""The steps that the units run."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from etcd_node.host.journal import WaitLog
from etcd_node.host.settings import Paths, Settings, read_settings

ENDING = (signal.SIGTERM, signal.SIGHUP)
"""The signals that end a process. SIGHUP is that of a lost SSH connection."""


def parse_arguments() -> argparse.Namespace:
    """The step to run, and the options of ``install`` and ``recover``."""
    parser = argparse.ArgumentParser(prog="prepare_cluster.py")
    steps = [
        "install",
        "preparecluster",
        "promote",
        "reconcile",
        "guard",
        "exporter",
        "metadata-proxy",
        "defragment",
        "backup",
        "backup-now",
        "last-backup",
        "recover",
    ]
    parser.add_argument("step", choices=steps)
    parser.add_argument(
        "programs",
        nargs="*",
        help="programs to install; for recover: check, rejoin, alone, or from-backup NAME",
    )
    parser.add_argument(
        "--members", default="", metavar="A,B,C", help="members that bootstrap the cluster from the backup"
    )
    parser.add_argument(
        "--as",
        default="",
        dest="label",
        metavar="WORD",
        help="label of this recovery, the same on all members",
    )
    parser.add_argument("--silent-are-down", action="store_true", help="confirm that no silent member runs")
    parser.add_argument(
        "--others-are-older", action="store_true", help="confirm that no other member has newer data"
    )
    parser.add_argument(
        "--even-with-quorum", action="store_true", help="recover although the cluster has a quorum"
    )
    parser.add_argument(
        "--give-up", default="", metavar="NAME", help="confirm that this cluster's data is discarded"
    )
    parser.add_argument("--root", type=Path, default=Path("/"), help="root directory of the droplet")
    return parser.parse_args()


def main(arguments: argparse.Namespace) -> None:
    """Run one step. Each step imports only what it needs, since etcd's start waits for ``preparecluster``."""
    paths = Paths(arguments.root)
    settings = read_settings(paths.settings)
    if arguments.step == "recover" or "backup" in arguments.step:
        for number in ENDING:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, end)
    match arguments.step:
        case "install":
            from etcd_node.host.install import install  # noqa: PLC0415

            install(settings, paths, arguments.programs, WaitLog())
        case "promote":
            from etcd_node.bootstrap.promote import promote  # noqa: PLC0415

            promote(settings, paths, WaitLog())
        case "backup" | "backup-now" as step:
            from etcd_node.backup.upload import run  # noqa: PLC0415

            run(settings, paths, at_once=step == "backup-now")
        case "recover":
            from etcd_node.recovery.recover import recover  # noqa: PLC0415

            recover(settings, paths, arguments)
        case "defragment":
            from etcd_node.maintenance.defragment import defragment  # noqa: PLC0415

            defragment(settings, paths)
        case "exporter":
            import socket  # noqa: PLC0415

            from etcd_node.host.connections import answer  # noqa: PLC0415
            from etcd_node.monitoring.exporter import serve  # noqa: PLC0415

            # systemd gives the listening socket as standard input (systemd.exec(5), StandardInput=socket).
            with socket.socket(fileno=0) as listening:
                # A recovery may change the settings.
                answer(listening, lambda one: serve(read_settings(paths.settings), paths, one))
        case "reconcile":
            from etcd_node.host.rounds import repeat  # noqa: PLC0415

            repeat(lambda: load_reconcile(paths))
        case "metadata-proxy":
            from etcd_node.monitoring.metadata_proxy import MetadataProxy  # noqa: PLC0415

            MetadataProxy().serve_forever()
        case step:
            run_with_token(step, settings, paths, read_token(paths))


def end(*_: object) -> None:
    """End this process on a signal: what it holds is released on the way out, and what it stopped is started again.

    A terminal that is lost sends SIGHUP several times, and to ``systemctl`` as well, which inherits what is ignored.
    """
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    sys.exit("a signal ended this before it was complete")


def run_with_token(step: str, settings: Settings, paths: Paths, token: str) -> None:
    """Run a step that sends requests to the DigitalOcean API."""
    if step == "preparecluster":
        from etcd_node.bootstrap.prepare_cluster import PrepareCluster  # noqa: PLC0415

        PrepareCluster(settings, paths, token).run()
    elif step == "guard":
        from etcd_node.guard.daemon import guard  # noqa: PLC0415

        guard(settings, paths, token)
    else:
        from etcd_node.backup.last_backup import last_backup  # noqa: PLC0415

        last_backup(settings, paths, token)


def load_reconcile(paths: Paths) -> Callable[[], None]:
    """Import what ``reconcile`` needs, and return what it does in each round. A recovery may change the settings."""
    from etcd_node.backup.due import backup_is_due  # noqa: PLC0415
    from etcd_node.bootstrap.reconcile import reconcile  # noqa: PLC0415

    def do_what_is_due() -> None:
        settings = read_settings(paths.settings)
        # First, since a listing of the droplets may take a while.
        if backup_is_due(settings, paths):
            systemctl("start", "etcd-backup.service")
        if (action := reconcile(settings, paths, read_token(paths))) is not None:
            systemctl(*action)

    return do_what_is_due


def read_token(paths: Paths) -> str:
    """The token for the DigitalOcean API."""
    return (paths.etc / "prepare_cluster.token").read_text().strip()


def systemctl(verb: str, unit: str) -> None:
    """Ask systemd to do something after this step, which does not wait for it."""
    subprocess.run(["systemctl", "--no-block", verb, unit], check=False)


main(parse_arguments())
