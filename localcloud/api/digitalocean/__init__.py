"""DigitalOcean API v2, for what droplets, their volumes, networks, firewalls, keys and tags need."""
