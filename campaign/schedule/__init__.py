"""Schedules for whole clusters: what the operator does, and which faults come meanwhile."""
