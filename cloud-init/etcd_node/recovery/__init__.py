"""Recover a cluster that has lost its quorum, on an operator's command."""
