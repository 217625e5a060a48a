"""``python -m campaign`` runs schedules of changes and faults by chance, and checks what the cluster promises."""

from __future__ import annotations

from campaign.command import main

if __name__ == "__main__":
    main()
