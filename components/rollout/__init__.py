"""Replacing members one at a time: gates, waiting, and what a refused run says."""
