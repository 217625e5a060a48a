"""The fault campaign: schedules of changes and faults, made by chance, checked, kept and shrunk."""
