"""The error of a campaign that cannot go on."""

from __future__ import annotations


class CampaignError(Exception):
    """What is wrong, and what to do. Printed without a traceback."""
