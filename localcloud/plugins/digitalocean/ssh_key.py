"""``digitalocean.SshKey``."""

from __future__ import annotations

from typing import ClassVar

from localcloud.plugins.digitalocean.api import DigitalOceanApi
from localcloud.plugins.errors import GoneError, ProviderError
from localcloud.plugins.resource import Resource, Timeouts
from localcloud.plugins.schema import Field, Fields
from localcloud.plugins.values import Properties


class SshKey(Resource[DigitalOceanApi]):
    """A public key of the account."""

    type = "digitalocean:index/sshKey:SshKey"
    fields: ClassVar[Fields] = {
        "name": Field(required=True),
        "publicKey": Field(required=True, replace=True, alike=lambda old, new: old.strip() == new.strip()),
        "fingerprint": Field(computed=True),
    }
    timeouts = Timeouts(create=2 * 60)

    def create(self, client: DigitalOceanApi, inputs: Properties, planned: Properties) -> str:
        """POST /v2/account/keys."""
        body = {"name": planned["name"], "public_key": planned["publicKey"]}
        try:
            return str(client.post("account/keys", body)["ssh_key"]["id"])
        except ProviderError as error:
            raise ProviderError(f"Error creating SSH Key: {error}") from error

    def settle(
        self, client: DigitalOceanApi, object_id: str, planned: Properties, timeout: float
    ) -> Properties:
        """GET /v2/account/keys/ID until the key exists, then once more."""

        def read_state() -> str | None:
            try:
                self._key(client, object_id)
            except GoneError:
                return None
            return "there"

        client.waiter.until("there", (), read_state, timeout)
        return self.read(client, object_id, planned)

    def read(self, client: DigitalOceanApi, object_id: str, prior: Properties) -> Properties:
        """GET /v2/account/keys/ID."""
        key = self._key(client, object_id)
        return {"name": key["name"], "publicKey": key["public_key"], "fingerprint": key["fingerprint"]}

    def update(
        self, client: DigitalOceanApi, object_id: str, prior: Properties, planned: Properties, timeout: float
    ) -> Properties:
        """PUT /v2/account/keys/ID with the new name."""
        try:
            client.put(f"account/keys/{object_id}", {"name": planned["name"]})
        except ProviderError as error:
            raise ProviderError(f"Failed to update SSH key: {error}") from error
        return self.read(client, object_id, prior)

    def delete(self, client: DigitalOceanApi, object_id: str, prior: Properties, timeout: float) -> None:
        """DELETE /v2/account/keys/ID."""
        try:
            client.delete(f"account/keys/{object_id}")
        except ProviderError as error:
            raise ProviderError(f"Error deleting SSH key: {error}") from error

    def _key(self, client: DigitalOceanApi, object_id: str) -> Properties:
        return client.read(f"account/keys/{object_id}", "ssh_key", "Error retrieving SSH key")
