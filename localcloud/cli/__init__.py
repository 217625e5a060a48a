"""The ``localcloud`` command line."""
