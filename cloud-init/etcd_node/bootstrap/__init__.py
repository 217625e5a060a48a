"""Bootstrap a cluster, or join the one that exists."""
