"""What all layers need of the process that runs them."""

from __future__ import annotations

import signal

from hypothesis import settings

# An example takes as long as the machine has other things to do.
settings.register_profile("default", deadline=None)
# A background job of a script ignores Ctrl-C, and so would every command that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
