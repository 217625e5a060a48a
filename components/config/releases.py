"""The etcd releases whose checksums the program knows."""

from __future__ import annotations

RELEASE_URL = (
    "https://github.com/etcd-io/etcd/releases/download/v{version}/etcd-v{version}-linux-amd64.tar.gz"
)
"""The URL of etcd-io's releases. ``{version}`` stands for the version, and droplets are amd64 machines."""

CHECKSUMS_URL = "https://github.com/etcd-io/etcd/releases/download/v{version}/SHA256SUMS"
"""The URL of the checksums of a release."""

CHECKSUMS = {
    "3.5.32": "83532f9290ee89106c4c9d0467220f65623c1faadaab800d727f7beccce4d7dd",
    "3.5.33": "5025b5b24d81a9616b6e284ccd439b9a3df055ef8fdcdc142af3ec8f6a3b3c95",
    "3.6.11": "8756f7a4eaf921668a83de0bf13c0f65cae9186a165696e3ae8396afe6f557ed",
    "3.6.12": "d2564bb50b58e52fbaf3bde4a9561a1d04e20cdc761f795580e4d615d5d41355",
    "3.6.13": "b4928654aed84d90952620c7144555e4186d795e1e7414e65fe0cf6265fd0465",
    "3.6.14": "ffe840ff9295808e88cce2794a18a5ac87f12a5203c8314d0bf6aa119b41bac5",
}
"""SHA-256 of ``etcd-v<version>-linux-amd64.tar.gz`` from etcd-io, by version."""
