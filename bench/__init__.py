"""Measures how fast the program is, beside floors measured in the same run: ``make bench``."""
