"""Two etcd clusters of different versions and sizes in one stack, without DNS records.

Each has a domain of its own, since members are named after it. One cluster's trouble stops changes of that one alone.
"""

import pulumi

from etcd_digitalocean import EtcdCluster

OPERATOR = "198.51.100.7/32"
"""The machine that runs Pulumi. It checks the members itself."""

token = pulumi.Config().require_secret("discoveryToken")

orders = EtcdCluster(
    "orders",
    {
        "members": {"size": 5},
        "network": {"client_cidrs": [OPERATOR, "203.0.113.0/24"]},
        "dns": {"domain": "orders.example.internal"},
        "etcd": {"version": "3.6.14"},
        "access": {"discovery_token": token},
    },
)
sessions = EtcdCluster(
    "sessions",
    {
        "members": {"size": 1},
        "network": {"client_cidrs": [OPERATOR]},
        "dns": {"domain": "sessions.example.internal"},
        "etcd": {"version": "3.5.33"},
        "access": {"discovery_token": token},
    },
)

# Without records, a client needs the members' names and addresses, such as in its hosts file.
pulumi.export("orders", orders.members)
pulumi.export("sessions", sessions.members)
