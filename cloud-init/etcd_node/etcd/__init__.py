"""etcd's API, membership, write-ahead log and metrics."""
