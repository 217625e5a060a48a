"""A stand-in for ``pulumi-resource-digitalocean`` with the resources and functions that the program uses.

Sources: https://registry.terraform.io/providers/digitalocean/digitalocean/latest/docs for the properties,
https://docs.digitalocean.com/reference/api/ for the requests.
"""
