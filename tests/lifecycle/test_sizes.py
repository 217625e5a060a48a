"""The number of members changes under load: new ones are created in parallel, old ones leave one by one."""

from __future__ import annotations

import httpx

from tests.lifecycle.live import Live
from tests.lifecycle.sizes import grows, shrinks


def test_members_with_volumes_are_added_removed_and_added_again(live: Live, control: httpx.Client) -> None:
    grows(live, control, 3, 5)
    shrinks(live, 5, 3)
