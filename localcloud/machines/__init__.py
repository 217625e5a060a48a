"""Droplets as systemd-nspawn machines, with their network, firewall, volumes and names."""
