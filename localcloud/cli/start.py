"""The entry point of the command ``localcloud``."""

from __future__ import annotations

import signal
from importlib import import_module


def main() -> None:
    """Run the command line. Ctrl-C while its modules are imported ends it without a traceback."""
    # The shell of a script lets its background jobs ignore Ctrl-C.
    quick = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if quick:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    command_line = import_module("localcloud.cli.main")
    if quick:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command_line.main()
