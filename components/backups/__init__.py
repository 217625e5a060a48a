"""The bucket with the backups, as the operator's machine uses it."""
