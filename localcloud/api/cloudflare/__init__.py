"""The parts of Cloudflare API v4 for zones and DNS records."""
