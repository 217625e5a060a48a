"""Installs what machines need. The command does so itself: ``--help`` and schedules of models need nothing of it."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

from campaign.errors import CampaignError
from localcloud.checkout import CHECKOUT
from localcloud.machines.prerequisites import check_system


@cache
def prepare() -> None:
    """Install and build the parts of the local cloud that are missing, once, as ``make setup`` does.

    Raises ``LocalCloudError`` on a system that cannot run one, before anything is installed, and ``CampaignError`` if
    a part is not installed.
    """
    check_system()
    command = [sys.executable, "-m", "localcloud.toolchain"]
    # It tells its progress on standard error, and on standard output where the parts are.
    done = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise CampaignError(
            "a part of the local cloud is not installed, as the lines before say: mend that, and begin again"
        )
