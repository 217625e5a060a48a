"""The leases by which a backup is requested and confirmed."""

from __future__ import annotations

from components.shared.backups import REQUEST_LEASE, confirmation_lease


def test_the_ids_of_the_leases_stay_as_they_are() -> None:
    """A member of a cluster that an earlier version made looks for them, too."""
    assert REQUEST_LEASE == 0x6261636B7570
    assert confirmation_lease(660) == REQUEST_LEASE + 660
