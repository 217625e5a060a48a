"""Builds and caches the parts of the local cloud: the Pulumi engine, etcd releases and the machine image."""
