"""Carries schedules out on a local cloud."""
