"""The identity that the resources of a cluster carry."""

from __future__ import annotations

import pytest

from components.identity.cluster_identity import identities_in, identity_of, identity_tag


@pytest.mark.parametrize("cluster", ["etcd-etcd-fra1", "shop-prod", "a"])
def test_an_identity_tag_tells_the_identity_and_the_name_of_any_cluster(cluster: str) -> None:
    identity = identity_of("token")
    tag = identity_tag(cluster, identity)
    assert identities_in([tag, tag.upper(), cluster, f"{cluster}-up"]) == {identity: cluster}
