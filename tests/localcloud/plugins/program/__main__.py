"""One droplet with everything that the cluster's members have: what the engine test drives."""

import pulumi
import pulumi_cloudflare as cloudflare
import pulumi_digitalocean as digitalocean
import pulumi_tls as tls

config = pulumi.Config()
tag = digitalocean.Tag("cluster", name="etcd-demo")
vpc = digitalocean.Vpc("net", name="net", region="fra1", ip_range="10.10.0.0/20")
ssh_key = tls.PrivateKey("ssh", algorithm="ED25519")
operator = digitalocean.SshKey("operator", name="operator", public_key=ssh_key.public_key_openssh)
digitalocean.Firewall(
    "firewall",
    name="firewall",
    tags=[tag.id],
    inbound_rules=[
        {"protocol": "tcp", "port_range": "2380", "source_tags": [tag.id]},
        {"protocol": "tcp", "port_range": "2379", "source_addresses": [config.require("clients")]},
        {"protocol": "icmp", "source_addresses": ["0.0.0.0/0"]},
    ],
    outbound_rules=[
        {"protocol": "tcp", "port_range": "1-65535", "destination_addresses": ["0.0.0.0/0", "::/0"]}
    ],
)
authority_key = tls.PrivateKey("authority", algorithm="ECDSA", ecdsa_curve="P256")
authority = tls.SelfSignedCert(
    "authority",
    private_key_pem=authority_key.private_key_pem,
    is_ca_certificate=True,
    allowed_uses=["cert_signing", "crl_signing"],
    validity_period_hours=87600,
    subject={"common_name": "authority"},
)
key = tls.PrivateKey("member", algorithm="ECDSA", ecdsa_curve="P256")
request = tls.CertRequest(
    "member",
    private_key_pem=key.private_key_pem,
    dns_names=["m1.example.test"],
    subject={"common_name": "m1"},
)
certificate = tls.LocallySignedCert(
    "member",
    ca_cert_pem=authority.cert_pem,
    ca_private_key_pem=authority_key.private_key_pem,
    cert_request_pem=request.cert_request_pem,
    allowed_uses=["server_auth", "client_auth"],
    validity_period_hours=2,
    early_renewal_hours=config.require_int("earlyRenewalHours"),
)
volume = digitalocean.Volume(
    "data",
    name="data-1",
    region="fra1",
    size=config.require_int("volumeSize"),
    initial_filesystem_type="ext4",
    initial_filesystem_label="etcd",
)
droplet = digitalocean.Droplet(
    "member",
    name="m1.example.test",
    image="debian-13-x64",
    region="fra1",
    size=config.require("size"),
    monitoring=True,
    graceful_shutdown=True,
    vpc_uuid=vpc.id,
    tags=["etcd", tag.id],
    ssh_keys=[operator.fingerprint],
    volume_ids=[volume.id],
    user_data=config.require_secret("userData"),
    opts=pulumi.ResourceOptions(
        delete_before_replace=True, custom_timeouts=pulumi.CustomTimeouts(delete="5m")
    ),
)
zone = cloudflare.get_zone_output(filter={"name": "example.test"})
cloudflare.DnsRecord(
    "member",
    zone_id=zone.id,
    name="m1.example.test",
    type="A",
    content=droplet.ipv4_address,
    ttl=60,
    proxied=False,
)
pulumi.export("address", droplet.ipv4_address)
