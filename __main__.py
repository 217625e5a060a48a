"""Creates and changes one etcd cluster on DigitalOcean, as the stack's configuration describes it."""

from __future__ import annotations

import pulumi

from components.cluster import EtcdCluster
from components.config.loading import load_settings
from components.config.settings import cluster_name
from components.infra.protection import protect_from_destroy

settings = load_settings(pulumi.Config())
name = cluster_name(pulumi.get_project(), pulumi.get_stack())
cluster = EtcdCluster(name, settings)
protect_from_destroy(name, cluster, protect=settings.protect)

pulumi.export("endpoints", cluster.endpoints)
pulumi.export("members", cluster.members)
pulumi.export("caCertificate", cluster.ca_certificate)
pulumi.export("clientCertificate", cluster.client_certificate)
pulumi.export("clientKey", cluster.client_key)
pulumi.export("certificates", cluster.certificates)
pulumi.export("environment", cluster.environment)
pulumi.export("prometheusScrapeConfig", cluster.prometheus_scrape_config)
pulumi.export("backups", cluster.backups)
