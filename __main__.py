"""Creates and changes one etcd cluster on DigitalOcean, as the stack's configuration describes it."""

from __future__ import annotations

import pulumi

from components import EtcdCluster
from components.arguments.stack_configuration import configured_arguments
from components.config.naming import ConfigNames, named_by
from components.config.settings import cluster_name

name = cluster_name(pulumi.get_project(), pulumi.get_stack())
with named_by(ConfigNames()):
    cluster = EtcdCluster(name, configured_arguments(pulumi.Config()))

pulumi.export("endpoints", cluster.endpoints)
pulumi.export("members", {member["name"]: member["address"] for member in cluster.members})
pulumi.export("caCertificate", cluster.ca_certificate)
pulumi.export("clientCertificate", cluster.client_certificate)
pulumi.export("clientKey", cluster.client_key)
pulumi.export("clients", [*cluster.clients])
for client, files in cluster.clients.items():
    pulumi.export(f"client-{client}-certificate", files["certificate"])
    pulumi.export(f"client-{client}-key", files["key"])
pulumi.export("certificates", cluster.certificates)
pulumi.export("environment", cluster.environment)
pulumi.export("prometheusScrapeConfig", cluster.prometheus_scrape_config)
pulumi.export("backups", cluster.backups)
