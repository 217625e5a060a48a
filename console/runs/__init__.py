"""Runs of Pulumi, as a console sees them: from what the program writes, from the history and from locks.

``RunReader`` is the interface. A source opens one for its stack, and reads it about once a second.
"""
