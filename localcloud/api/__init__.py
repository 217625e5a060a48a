"""The HTTP services of the local cloud: DigitalOcean API v2, Cloudflare API v4, metadata, etcd releases."""
