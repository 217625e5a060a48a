"""Resources that members share: network, alerts, the bucket for backups."""
