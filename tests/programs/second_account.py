"""The text of a program whose cluster has explicit providers of a second account."""

from __future__ import annotations

PROVIDERS = """
import pulumi
import pulumi_cloudflare as cloudflare
import pulumi_digitalocean as digitalocean

config = pulumi.Config()
account = digitalocean.Provider(
    "second",
    token=config.require_secret("token"),
    api_endpoint=pulumi.Config("digitalocean").require("apiEndpoint"),
)
zones = cloudflare.Provider(
    "second",
    api_token=config.require_secret("apiToken"),
    base_url=pulumi.Config("cloudflare").require("baseUrl"),
)
options = pulumi.ResourceOptions(providers=[account, zones])
"""
"""Its providers, with the tokens of its configuration and the APIs of the default providers."""

CLUSTER = """
from etcd_digitalocean import EtcdCluster

cluster = EtcdCluster("store", config.require_object("cluster"), options)
"""

PACKAGED_CLUSTER = """
class Cluster(pulumi.ComponentResource):
    def __init__(self, name, arguments, opts):
        outputs = {"endpoints": None}
        super().__init__("etcd:index:EtcdCluster", name, {**arguments, **outputs}, opts, remote=True)


cluster = Cluster("store", config.require_object("cluster"), options)
"""
"""The cluster as programs in other languages get it: the package constructs it in a process of its own."""
