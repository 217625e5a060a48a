"""Fault campaigns: random schedules of changes and faults over whole clusters, and checks of what clients recorded."""
