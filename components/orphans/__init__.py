"""Orphans: resources that an interrupted run created and that no stack knows."""
