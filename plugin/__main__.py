"""Serves ``EtcdCluster`` to programs in other languages, as package ``etcd``."""

from importlib.metadata import version

from pulumi.provider.experimental import component_provider_host

from etcd_digitalocean import EtcdCluster

# The name is that of the component's type, `etcd:index:EtcdCluster`, so that its URN does not depend on the language.
component_provider_host(name="etcd", version=version("etcd-digitalocean"), components=[EtcdCluster])
