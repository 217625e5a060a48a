"""The parts of DigitalOcean API v2 for droplets, volumes, networks, firewalls, keys and tags."""
