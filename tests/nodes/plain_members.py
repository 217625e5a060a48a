"""Members without the node's package: etcd alone on loopback, with the program's certificates for authentication."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pulumi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from components.api.clock import ApiClock
from components.config.access_settings import Client
from components.config.loading import ProviderAccess
from components.config.settings import Settings
from components.droplets.address_book import AddressBook
from components.droplets.inventory import Inventory
from components.etcd.cluster_client import ClusterClient
from components.etcd.credentials import Credentials, TlsTexts
from components.etcd.health import problems
from components.identity.stack_state import stack_state
from components.pki.authority import Certificate
from localcloud.toolchain.etcd import ensure_release
from tests.unit.components.config.valid_settings import settings

from .certificates import Authority, make_authority, tls_texts

NAMES = settings().member_names


class PlainMembers:
    """Three members, and the certificates of those that use them. No certificate but these has a common name."""

    def __init__(self, folder: Path, network: str, version: str) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.addresses = {name: f"{network}.{number}" for number, name in enumerate(NAMES, 1)}
        self.authority: Authority = make_authority()
        self.binaries = ensure_release(version).binaries
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        for name in self.addresses:
            self.issue(name, "", names=(name, "localhost"))
        self.issue("reader", "")
        self.issue("management", "root")
        self.issue("operator", "etcd-operator")

    def issue(
        self, kind: str, common_name: str, *, names: tuple[str, ...] = (), hours: tuple[int, int] = (-1, 24)
    ) -> None:
        """Write a certificate. ``names`` are those of a server."""
        now = datetime.now(UTC)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.NameAttribute(NameOID.ORGANIZATION_NAME, kind)
        if common_name:
            subject = x509.NameAttribute(NameOID.COMMON_NAME, common_name)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([subject]))
            .issuer_name(self.authority.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(hours=hours[0]))
            .not_valid_after(now + timedelta(hours=hours[1]))
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
        )
        if names:
            known = [x509.DNSName(name) for name in names]
            builder = builder.add_extension(x509.SubjectAlternativeName(known), critical=False)
        pem = serialization.Encoding.PEM
        parts = {
            "ca": self.authority.certificate.public_bytes(pem),
            kind: builder.sign(self.authority.key, hashes.SHA256()).public_bytes(pem),
            f"{kind}-key": key.private_bytes(
                pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
            ),
        }
        for part, text in parts.items():
            (self.folder / f"{part}.pem").write_bytes(text)

    def texts(self, kind: str) -> TlsTexts:
        """What a client with this certificate shows."""
        return tls_texts(self.folder, kind)

    def start(self, name: str) -> None:
        """Start a member's etcd."""
        address = self.addresses[name]
        peers = ",".join(f"{one}=http://{other}:2380" for one, other in self.addresses.items())
        command = [
            self.binaries / "etcd",
            f"--name={name}",
            f"--data-dir={self.folder / 'data' / name}",
            f"--listen-client-urls=https://{address}:2379",
            f"--advertise-client-urls=https://{name}:2379",
            f"--listen-peer-urls=http://{address}:2380",
            f"--initial-advertise-peer-urls=http://{address}:2380",
            f"--initial-cluster={peers}",
            f"--cert-file={self.folder / name}.pem",
            f"--key-file={self.folder / name}-key.pem",
            f"--trusted-ca-file={self.folder / 'ca.pem'}",
            "--client-cert-auth",
            # A busy disk would cause elections. The page cache survives the kill of a process.
            "--unsafe-no-fsync",
            "--logger=zap",
        ]
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(command, stdout=log, stderr=log)

    def stop(self, *names: str) -> None:
        """Kill the named members' etcd, or that of all."""
        for name in names or tuple(self._processes):
            process = self._processes.pop(name)
            process.kill()
            process.wait()

    def send(self, number: signal.Signals, name: str) -> None:
        """Send a signal to a member's etcd, e.g. SIGSTOP."""
        self._processes[name].send_signal(number)

    def etcdctl(self, kind: str, *arguments: str, member: str = NAMES[0]) -> subprocess.CompletedProcess[str]:
        """Run etcdctl with one of the certificates."""
        return subprocess.run(
            [
                self.binaries / "etcdctl",
                f"--endpoints=https://{self.addresses[member]}:2379",
                "--insecure-skip-tls-verify",
                f"--cacert={self.folder / 'ca.pem'}",
                f"--cert={self.folder / kind}.pem",
                f"--key={self.folder / kind}-key.pem",
                "--command-timeout=3s",
                *arguments,
            ],
            capture_output=True,
            text=True,
            check=False,
        )

    def client(self, *clients: Client, auth: bool | None = True) -> ClusterClient:
        """The program's view of the members, with these settings."""
        certificates = {kind: _certificate(self.texts(kind)) for kind in ("operator", "reader", "management")}
        if auth is None:
            certificates = {"operator": certificates["operator"]}
        ca = pulumi.Output.from_input(self.texts("reader").ca)
        return ClusterClient(
            self.settings(*clients, auth=auth),
            account=PlainInventory(self.addresses),
            credentials=Credentials(ca, **certificates),
        )

    def settings(self, *clients: Client, auth: bool | None = True) -> Settings:
        """The settings of the members' cluster."""
        return settings().model_copy(update={"auth": auth, "clients": clients, "health_timeout_seconds": 20})


async def healthy(client: ClusterClient) -> bool:
    """Whether all members are."""
    return not problems(NAMES, await client.observe())


class PlainInventory(Inventory):
    """An account whose droplets have these addresses, and that is not listed."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self.clock = ApiClock("https://api.example.test")
        self.access = ProviderAccess("https://api.example.test", "token")
        self.book = PlainAddresses(addresses)
        self.existing = pulumi.Output.from_input(frozenset(addresses))
        self.unguarded = pulumi.Output.from_input(False)
        self.stack = pulumi.Output.from_input(stack_state({}, "etcd-test"))


class PlainAddresses(AddressBook):
    """Addresses that never change."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._known = addresses

    async def addresses(self) -> Mapping[str, str]:
        return self._known

    def forget(self) -> None:
        """Nothing changes."""


class Unsigned(pulumi.Resource):
    """A resource that no engine knows."""

    def __init__(self) -> None:
        """It is not registered."""


def _certificate(texts: TlsTexts) -> Certificate:
    text, key = pulumi.Output.from_input(texts.certificate), pulumi.Output.from_input(texts.key)
    return Certificate(text, text, key, Unsigned())
