"""A stand-in for ``pulumi-resource-tls``: keys, certificate requests and certificates.

Source: https://registry.terraform.io/providers/hashicorp/tls/latest/docs
"""
