"""What the distribution exports, for programs and plugins that run in a checkout.

An installed wheel has the folder ``components`` itself under this name. So this works in both:
``from etcd_digitalocean import EtcdCluster``.
"""

from components import *  # noqa: F403 - the names are in its __all__
