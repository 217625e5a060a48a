"""TCP ports of a member."""

from __future__ import annotations

CLIENT_PORT = 2379
"""etcd's clients connect here."""
PEER_PORT = 2380
"""Members connect to each other here. A member without data serves its bootstrap state here, too."""
METRICS_PORT = 2382
"""etcd serves its metrics here over TLS. Port 2381 has them without TLS, for the member's own machine alone."""
EXPORTER_PORT = 2383
"""The node serves metrics here that etcd's own lack, and says why etcd does not run.

``etcd-exporter.socket`` names the port as well.
"""
