"""Errors of the acceptance run."""


class AcceptanceError(Exception):
    """A step cannot go on, or did not give what it must. The text says why, and what to do."""
