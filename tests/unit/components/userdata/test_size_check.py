"""The size of a droplet's user data, known before anything is made."""

from __future__ import annotations

from typing import Any

import pytest

from components.config.settings import LONGEST_DOMAIN, Settings
from components.userdata.render import TooLargeError
from components.userdata.size_check import check_user_data
from tests.unit.components.config.test_backup_settings import ON
from tests.unit.components.config.test_settings import GOOD

LONGEST_NAME = "etcd-" + "x" * 55
EVERYTHING: dict[str, Any] = {
    **GOOD,
    **ON,
    "domain": "e" * (LONGEST_DOMAIN - len(".example.com")) + ".example.com",
    "size": 9,
    "authorities": [2, 1],
}


def test_every_usual_setting_fits_in_the_middle_of_a_change_of_authorities_too() -> None:
    check_user_data(LONGEST_NAME, Settings.model_validate(EVERYTHING))


def test_a_setting_that_leaves_no_room_is_named() -> None:
    bundle = "-----BEGIN CERTIFICATE-----\n" + "x" * 20_000 + "\n-----END CERTIFICATE-----\n"
    settings = Settings.model_validate({**EVERYTHING, "backupCaCertificate": bundle})
    with pytest.raises(
        TooLargeError, match=r"at most 65536: shorten etcd:backupCaCertificate, which has 20\d{3}"
    ):
        check_user_data(LONGEST_NAME, settings)
