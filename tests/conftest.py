"""What all layers need of the process that runs them."""

from __future__ import annotations

import signal

# A background job of a script ignores Ctrl-C, and so would every command that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
