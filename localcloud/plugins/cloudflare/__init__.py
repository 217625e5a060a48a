"""A stand-in for ``pulumi-resource-cloudflare``: DNS records and zones.

Sources: https://registry.terraform.io/providers/cloudflare/cloudflare/latest/docs for the properties,
https://developers.cloudflare.com/api/ for the requests.
"""
