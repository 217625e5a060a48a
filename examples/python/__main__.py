"""An etcd cluster beside the application that uses it, in one network."""

import pulumi
import pulumi_digitalocean as digitalocean

from etcd_digitalocean import EtcdCluster

REGION = "fra1"
CLUSTER = f"shop-{pulumi.get_stack()}"
"""The name of the cluster, and so the tag of its droplets."""

config = pulumi.Config()
vpc = digitalocean.Vpc("shop", region=REGION, ip_range="10.20.0.0/20")
applications = digitalocean.Tag("shop")
key = digitalocean.SshKey("people", public_key=config.require("sshKey"))

etcd = EtcdCluster(
    "etcd",
    {
        "cluster_name": CLUSTER,
        "members": {"size": 3, "region": REGION, "ssh_keys": [key.fingerprint]},
        # The machine that runs Pulumi: it checks the members itself.
        "network": {"vpc_id": vpc.id, "client_cidrs": ["198.51.100.7/32"]},
        "dns": {"domain": "etcd.example.com", "zone": "example.com"},
        "access": {"discovery_token": config.require_secret("discoveryToken")},
    },
)

application = digitalocean.Droplet(
    "shop-1",
    image="debian-13-x64",
    region=REGION,
    size="s-1vcpu-1gb",
    vpc_uuid=vpc.id,
    tags=[applications.name],
    ssh_keys=[key.fingerprint],
    # The application's own secrets, such as its client certificate, do not belong into user data.
    user_data=etcd.endpoints.apply(
        lambda endpoints: (
            f"#cloud-config\nwrite_files:\n- path: /etc/shop/etcd\n  content: {','.join(endpoints)}\n"
        )
    ),
)

# The members' names have public addresses, and applications come from their own public ones. The cluster's tag opens
# each of its droplets to them at once, also while members are replaced.
digitalocean.Firewall(
    "shop-to-etcd",
    tags=[CLUSTER],
    inbound_rules=[{"protocol": "tcp", "port_range": "2379", "source_tags": [applications.name]}],
    opts=pulumi.ResourceOptions(depends_on=[etcd]),
)

pulumi.export("endpoints", etcd.endpoints)
pulumi.export("caCertificate", etcd.ca_certificate)
pulumi.export("application", application.ipv4_address)
