"""SSH keys, by id or by fingerprint."""

from __future__ import annotations

import httpx
import pydo
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def public_key() -> str:
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + " someone@example.test"


def test_a_key_is_found_by_id_and_by_fingerprint(digitalocean: pydo.Client) -> None:
    key = digitalocean.ssh_keys.create({"name": "op", "public_key": public_key()})["ssh_key"]
    assert len(key["fingerprint"].split(":")) == 16
    assert (
        digitalocean.ssh_keys.get(key["id"])
        == digitalocean.ssh_keys.get(key["fingerprint"])
        == {"ssh_key": key}
    )


def test_a_key_is_renamed_and_deleted(digitalocean: pydo.Client, http: httpx.Client) -> None:
    key = digitalocean.ssh_keys.create({"name": "op", "public_key": public_key()})["ssh_key"]
    assert digitalocean.ssh_keys.update(key["id"], {"name": "ops"})["ssh_key"]["name"] == "ops"
    digitalocean.ssh_keys.delete(key["fingerprint"])
    assert digitalocean.ssh_keys.list()["ssh_keys"] == []
    assert http.get(f"/v2/account/keys/{key['id']}").status_code == 404


def test_a_key_cannot_be_added_twice(http: httpx.Client) -> None:
    body = {"name": "op", "public_key": public_key()}
    assert http.post("/v2/account/keys", json=body).status_code == 201
    answer = http.post("/v2/account/keys", json=body)
    assert (answer.status_code, answer.json()["message"]) == (
        422,
        "SSH Key is already in use on your account",
    )


def test_an_invalid_public_key_is_rejected(http: httpx.Client) -> None:
    for text in ("", "hello", "ssh-ed25519 ????", "ssh-rsa " + public_key().split(" ")[1]):
        answer = http.post("/v2/account/keys", json={"name": "op", "public_key": text})
        assert (answer.status_code, answer.json()["id"]) == (422, "unprocessable_entity")
