"""Buckets of the DigitalOcean stand-in, on a real S3 server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from components.shared.aws_sigv4 import AccessKey
from localcloud.machines.object_store import CERTIFICATE
from localcloud.plugins.digitalocean.provider import DigitalOcean
from tests.nodes.objects import KEY, ObjectServer

from .conftest import Serve
from .engine_client import EngineClient, RefusedError

BUCKET = "digitalocean:index/spacesBucket:SpacesBucket"
INPUTS = {"name": "made-here", "region": "fra1"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectServer]:
    server = ObjectServer(tmp_path_factory.mktemp("spaces"))
    yield server
    server.stop()


@pytest.fixture
def plugin(server: ObjectServer, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> EngineClient:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    return configured(server, serve, KEY)


def configured(server: ObjectServer, serve: Serve, key: AccessKey) -> EngineClient:
    stub = serve(DigitalOcean())
    settings = {
        "token": "t",
        "spacesEndpoint": f"https://127.0.0.1:{server.port}",
        "spacesAccessId": key.id,
        "spacesSecretKey": key.secret,
    }
    EngineClient(stub).call("Configure", args=settings)
    return EngineClient(stub, BUCKET)


def made(plugin: EngineClient, **changes: Any) -> dict[str, Any]:
    return plugin.call("Create", properties={**INPUTS, **changes})


def test_a_bucket_is_created_and_its_name_is_its_id(plugin: EngineClient, server: ObjectServer) -> None:
    created = made(plugin)
    assert (server.folder / "made-here").is_dir()
    assert created["id"] == "made-here"
    assert created["properties"]["region"] == "fra1"
    assert created["properties"]["bucketDomainName"] == "made-here.fra1.digitaloceanspaces.com"
    same = plugin.call("Diff", id="made-here", olds=created["properties"], news=INPUTS)
    assert same["changes"] == "DIFF_NONE"


def test_its_owner_cannot_create_a_bucket_again(plugin: EngineClient, server: ObjectServer) -> None:
    made(plugin, name="twice")
    with pytest.raises(RefusedError, match="Error creating Spaces bucket: BucketAlreadyExists: "):
        made(plugin, name="twice")


def test_an_existing_bucket_is_imported_without_a_change(plugin: EngineClient, server: ObjectServer) -> None:
    made(plugin, name="kept")
    (server.folder / "kept/backup").write_text("kept")
    read = plugin.call("Read", id="fra1,kept", properties={}, inputs={})
    assert read["id"] == "kept"
    ignored = ["acl", "forceDestroy"]
    wanted = {**INPUTS, "name": "kept"}
    same = plugin.call("Diff", id="kept", olds=read["properties"], news=wanted, ignoreChanges=ignored)
    assert same["changes"] == "DIFF_NONE"
    assert (server.folder / "kept/backup").read_text() == "kept"


def test_the_provider_tells_a_missing_bucket_from_a_foreign_one(
    plugin: EngineClient, server: ObjectServer, serve: Serve
) -> None:
    made(plugin, name="told")
    stranger = AccessKey("outsider", "outsider-secret")
    server.add_user(stranger, role="userplus")
    assert asked(plugin, "told")["id"] == "told"
    with pytest.raises(RefusedError, match=r"Spaces Bucket \(nowhere\) not found"):
        asked(plugin, "nowhere")
    with pytest.raises(RefusedError, match=r'error reading Spaces bucket "": .*status code: 403'):
        asked(configured(server, serve, stranger), "told")


def asked(plugin: EngineClient, name: str) -> dict[str, Any]:
    arguments = {"name": name, "region": "fra1"}
    token = "digitalocean:index/getSpacesBucket:getSpacesBucket"
    return EngineClient(plugin.stub).call("Invoke", tok=token, args=arguments)["return"]


def test_a_foreign_bucket_is_rejected(plugin: EngineClient, server: ObjectServer, serve: Serve) -> None:
    made(plugin, name="theirs")
    stranger = AccessKey("stranger", "stranger-secret")
    server.add_user(stranger, role="userplus")
    with pytest.raises(RefusedError, match="Error creating Spaces bucket: BucketAlreadyExists: ") as refused:
        made(configured(server, serve, stranger), name="theirs")
    assert "stranger-secret" not in refused.value.text


def test_a_bucket_with_objects_is_not_deleted(plugin: EngineClient, server: ObjectServer) -> None:
    state = made(plugin, name="full")["properties"]
    (server.folder / "full/backup").write_text("kept")
    with pytest.raises(RefusedError, match="Error deleting Spaces Bucket: BucketNotEmpty: "):
        plugin.call("Delete", id="full", properties=state)
    (server.folder / "full/backup").unlink()
    plugin.call("Delete", id="full", properties=state)
    assert not (server.folder / "full").exists()


def test_a_refresh_notices_a_deleted_bucket(plugin: EngineClient, server: ObjectServer) -> None:
    state = made(plugin, name="short-lived")["properties"]
    assert plugin.call("Read", id="short-lived", properties=state, inputs=INPUTS)["id"] == "short-lived"
    (server.folder / "short-lived").rmdir()
    assert not plugin.call("Read", id="short-lived", properties=state, inputs=INPUTS).get("id")


def test_another_region_requires_a_replacement(plugin: EngineClient) -> None:
    state = made(plugin, name="regional")["properties"]
    wanted = {**INPUTS, "name": "regional", "region": "ams3"}
    diff = plugin.call("Diff", id="regional", olds=state, news=wanted)
    assert diff["replaces"] == ["region"]


def test_a_region_without_spaces_is_rejected(plugin: EngineClient) -> None:
    with pytest.raises(RefusedError, match="expected region to be one of"):
        made(plugin, region="local")


def test_without_keys_no_bucket_is_created(server: ObjectServer, serve: Serve) -> None:
    with pytest.raises(RefusedError, match="Error creating bucket: Spaces credentials not configured"):
        made(configured(server, serve, AccessKey("", "")), name="nobodys")


def test_wrong_keys_are_rejected(plugin: EngineClient, server: ObjectServer, serve: Serve) -> None:
    with pytest.raises(RefusedError, match="Error creating Spaces bucket: SignatureDoesNotMatch"):
        made(configured(server, serve, AccessKey(KEY.id, "wrong")), name="nobodys")
