"""Maintenance of etcd's database."""
