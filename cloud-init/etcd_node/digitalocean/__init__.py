"""Droplets, addresses and markers, as the DigitalOcean API lists them."""
