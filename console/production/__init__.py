"""The read-only source of a real stack: what the operator's machine can ask by itself.

It only reads: the stack by ``pulumi``, etcd over TLS, DigitalOcean's listings, the bucket of the backups, and DNS.
"""
