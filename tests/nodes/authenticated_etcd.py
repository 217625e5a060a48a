"""Real etcd on loopback with authentication and certificates as the program issues them with ``etcd:auth``."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from localcloud.toolchain.etcd import DEFAULT_VERSION, ensure_release

from .certificates import Authority, make_authority
from .lab import eventually

ROOT = "root"
"""The user of the management certificate."""

COMMAND_LIMIT = "5s"


class AuthenticatedEtcd:
    """A cluster of real etcd. Its members' certificates have no common name, and each client's has its own."""

    def __init__(
        self, folder: Path, network: str, version: str = DEFAULT_VERSION, size: int = 1, *options: str
    ) -> None:
        self.folder = folder
        self.version = version
        self.options = options
        self.binaries = ensure_release(version).binaries
        self.clients = make_authority()
        self.peers = make_authority()
        self.addresses = [f"{network}.{number}" for number in range(1, size + 1)]
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for address in self.addresses:
            self.start(address)
        eventually("it serves", lambda: self.etcdctl(ROOT, "get", "x").returncode == 0)

    @property
    def endpoints(self) -> list[str]:
        """The URLs for clients."""
        return [f"https://{address}:2379" for address in self.addresses]

    def start(self, address: str) -> None:
        """Start one member, with its data if it has any."""
        home = self.folder / address
        if not home.exists():
            issue(self.clients, home, "server", address=address)
            issue(self.peers, home / "peer", "peer", address=address)
        flags = {
            "name": address,
            "data-dir": home / "data",
            "listen-client-urls": f"https://{address}:2379",
            "advertise-client-urls": f"https://{address}:2379",
            "cert-file": home / "server.pem",
            "key-file": home / "server-key.pem",
            "trusted-ca-file": home / "ca.pem",
            "client-cert-auth": "true",
            "listen-peer-urls": f"https://{address}:2380",
            "initial-advertise-peer-urls": f"https://{address}:2380",
            "peer-cert-file": home / "peer" / "peer.pem",
            "peer-key-file": home / "peer" / "peer-key.pem",
            "peer-trusted-ca-file": home / "peer" / "ca.pem",
            "peer-client-cert-auth": "true",
            "listen-metrics-urls": f"http://{address}:2381",
            "initial-cluster": ",".join(f"{one}=https://{one}:2380" for one in self.addresses),
            "unsafe-no-fsync": "true",
        }
        with (self.folder / f"{address}.log").open("ab") as log:
            self.processes[address] = subprocess.Popen(
                [
                    self.binaries / "etcd",
                    *(f"--{flag}={value}" for flag, value in flags.items()),
                    *self.options,
                ],
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        """End all members."""
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()

    def bundle(self, name: str | None) -> Path:
        """A folder with a client's ``ca.pem``, ``client.pem`` and ``client-key.pem``. ``None`` has no common name."""
        folder = self.folder / "clients" / (name or "reader")
        if not folder.exists():
            issue(self.clients, folder, "client", name=name)
        return folder

    def arguments(self, name: str | None, *arguments: str) -> list[str]:
        """The command line of etcdctl as a client."""
        bundle = self.bundle(name)
        return [
            str(self.binaries / "etcdctl"),
            f"--endpoints={','.join(self.endpoints)}",
            f"--cacert={bundle / 'ca.pem'}",
            f"--cert={bundle / 'client.pem'}",
            f"--key={bundle / 'client-key.pem'}",
            f"--command-timeout={COMMAND_LIMIT}",
            *arguments,
        ]

    def etcdctl(self, name: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run etcdctl as a client."""
        return subprocess.run(
            self.arguments(name, *arguments), capture_output=True, text=True, check=False, timeout=60
        )

    def manage(self, *arguments: str) -> str:
        """Run etcdctl with the management certificate, which must succeed."""
        answer = self.etcdctl(ROOT, *arguments)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def enable(self) -> None:
        """Switch authentication on."""
        self.manage("user", "add", ROOT, "--no-password")
        self.manage("user", "grant-role", ROOT, "root")
        self.manage("auth", "enable")

    def add_client(self, name: str, *permissions: tuple[str, ...], root: bool = False) -> None:
        """Add a client's user and role as the program does. A permission is what ``role grant-permission`` takes."""
        role = f"pulumi-client-{name}"
        self.manage("user", "add", name, "--no-password")
        self.manage("role", "add", role)
        for permission in permissions:
            self.manage("role", "grant-permission", role, *permission)
        self.manage("user", "grant-role", name, role)
        if root:
            self.manage("user", "grant-role", name, "root")

    def remove_client(self, name: str) -> None:
        """Remove a client's user and role."""
        self.manage("user", "delete", name)
        self.manage("role", "delete", f"pulumi-client-{name}")

    def operations(self, client: Path, name: str, prefix: str = "/registry") -> dict[str, dict[str, Any]]:
        """What became of each operation of the Kubernetes client, by name."""
        output = subprocess.run(
            [client, self.bundle(name), prefix, *self.endpoints],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
            env=os.environ,
        ).stdout
        return {line["operation"]: line for line in map(json.loads, output.splitlines())}


def issue(
    authority: Authority, folder: Path, kind: str, *, name: str | None = None, address: str = ""
) -> None:
    """Write ``kind``.pem, ``kind``-key.pem and ca.pem. Without a name, the certificate has no common name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = (
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, address or "etcd-reader")
        if name is None
        else x509.NameAttribute(NameOID.COMMON_NAME, name)
    )
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([subject]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=24))
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
            critical=False,
        )
    )
    if address:
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address(address))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    folder.mkdir(parents=True, exist_ok=True)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(authority.certificate.public_bytes(pem))
    (folder / f"{kind}.pem").write_bytes(builder.sign(authority.key, hashes.SHA256()).public_bytes(pem))
    (folder / f"{kind}-key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    )
