"""The environment variables of ``pulumi`` and ``etcdctl`` inside a local cloud."""

from __future__ import annotations

import os
from collections.abc import Mapping

from components.run_log.folder import FOLDER_VARIABLE
from localcloud.machines.layout import Layout
from localcloud.machines.object_store import CERTIFICATE
from localcloud.plugins.launcher import SOCKET

PASSPHRASE = "localcloud"  # noqa: S105 - it protects a state file on the user's own machine
"""The passphrase that encrypts the local stacks' secrets."""

STACK = "local"
"""The stack that Pulumi selects inside the local cloud."""

# The user's own accounts, login and proxies must not have an effect inside the local cloud.
_FOREIGN = ("PULUMI_", "DIGITALOCEAN_", "SPACES_", "CLOUDFLARE_", "ETCDCTL_")
# gRPC has a variable of its own, by which Pulumi's processes would send to each other through the proxy
# (https://grpc.github.io/grpc/core/md_doc_environment_variables.html).
_PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "ftp_proxy", "grpc_proxy", "no_grpc_proxy"}

FOREIGN_PATTERNS = (
    *(f"{prefix}*" for prefix in _FOREIGN),
    *sorted(_PROXIES),
    *sorted(name.upper() for name in _PROXIES),
)
"""The names of the variables that are removed, as patterns of a shell."""


def operator_environment(layout: Layout, user: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the user's environment without real accounts and proxies, plus the local cloud's variables."""
    environment = {name: value for name, value in user.items() if not _is_foreign(name)}
    path = os.pathsep.join([str(layout.commands), environment.get("PATH", os.defpath)])
    return environment | {"PATH": path} | own_variables(layout)


def own_variables(layout: Layout) -> dict[str, str]:
    """Return the local cloud's variables, without PATH."""
    return {
        # The same stack of several local clouds, and one in a real cloud, write to different folders.
        FOLDER_VARIABLE: str(layout.run_logs),
        "PULUMI_HOME": str(layout.pulumi_home),
        # Without a file of attributes beside each checkpoint: Pulumi does not write that file atomically, and a killed
        # engine can leave a stack that cannot be read ("failed to load checkpoint: EOF").
        "PULUMI_BACKEND_URL": f"file://{layout.pulumi_backend}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_STACK": STACK,
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
        "LOCALCLOUD_NAME": layout.name,
        SOCKET: str(layout.plugin_socket),
        # The object store is the only HTTPS server inside, and its certificate is self-signed.
        "SSL_CERT_FILE": str(CERTIFICATE),
    }


def _is_foreign(name: str) -> bool:
    return name.startswith(_FOREIGN) or name.lower() in _PROXIES
