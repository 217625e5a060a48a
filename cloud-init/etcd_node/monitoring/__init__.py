"""Metrics of this machine, and the metadata that DigitalOcean's agent needs."""
