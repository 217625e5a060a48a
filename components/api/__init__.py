"""HTTP requests to DigitalOcean and Cloudflare."""
