"""What a command of ``localcloud`` loads before it does anything."""

from __future__ import annotations

import subprocess
import sys


def test_no_command_waits_for_the_import_of_the_pulumi_sdk() -> None:
    loaded = "import localcloud.cli.main, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    names = subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True, text=True).stdout
    assert "localcloud" in names.split()
    assert "pulumi" not in names.split()
