"""The name of a local cloud, and the environment of its commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.cli.naming import default_name
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.layout import Layout
from localcloud.machines.object_store import CERTIFICATE
from localcloud.machines.operator import operator_environment


def test_two_checkouts_with_one_folder_name_have_different_cloud_names() -> None:
    one, two = default_name(Path("/home/a/etcd")), default_name(Path("/home/b/etcd"))
    assert one != two
    assert one.startswith("etcd-")
    assert default_name(Path("/home/a/etcd")) == one


@pytest.mark.parametrize(
    "directory", ["/", "/home/My Étcd_Checkout!", "/srv/" + "very-long-" * 20, "/srv/-.-"]
)
def test_any_checkout_has_a_valid_cloud_name(directory: str) -> None:
    assert Layout(default_name(Path(directory))).namespace.startswith("localcloud-")


@pytest.mark.parametrize("name", ["", "Upper", "a b", "../etc", "-a", "a-", "a" * 41])
def test_an_invalid_name_is_rejected(name: str) -> None:
    with pytest.raises(LocalCloudError, match="the local cloud's name is"):
        Layout(name)


def test_the_users_accounts_and_proxies_are_removed_from_the_environment() -> None:
    user = {
        "HOME": "/home/user",
        "PATH": "/usr/bin",
        "PULUMI_ACCESS_TOKEN": "secret",
        "PULUMI_HOME": "/home/user/.pulumi",
        "DIGITALOCEAN_TOKEN": "secret",
        "SPACES_SECRET_ACCESS_KEY": "secret",
        "CLOUDFLARE_API_TOKEN": "secret",
        "https_proxy": "http://proxy",
        "HTTP_PROXY": "http://proxy",
        "grpc_proxy": "http://proxy",
        "GRPC_PROXY": "http://proxy",
        "no_grpc_proxy": "localhost",
        "ETCDCTL_ENDPOINTS": "https://production:2379",
    }
    environment = operator_environment(Layout("mine"), user)
    assert environment == {
        "HOME": "/home/user",
        "PATH": "/var/lib/localcloud/mine/bin:/usr/bin",
        "PULUMI_HOME": "/var/lib/localcloud/mine/pulumi-home",
        "PULUMI_BACKEND_URL": "file:///var/lib/localcloud/mine/pulumi?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": "localcloud",
        "PULUMI_STACK": "local",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
        "LOCALCLOUD_NAME": "mine",
        "LOCALCLOUD_PLUGIN_SOCKET": "/run/localcloud/mine/plugins.sock",
        "ETCD_RUN_LOG": "/var/lib/localcloud/mine/run-logs",
        "SSL_CERT_FILE": str(CERTIFICATE),
    }
