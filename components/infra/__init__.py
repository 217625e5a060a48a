"""Resources around the droplets: network, DNS records, alerts and the bucket for backups."""
