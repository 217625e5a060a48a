"""The local cloud: DigitalOcean's and Cloudflare's HTTP APIs on this machine, with real machines behind them."""
