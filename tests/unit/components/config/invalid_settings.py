"""Invalid settings, each with the start of the error that names key, value, reason and way out."""

from __future__ import annotations

from typing import Any

from components.config.releases import CHECKSUMS
from tests.unit.components.config.valid_settings import BACKUPS

BEGIN = "-----BEGIN CERTIFICATE-----"
OLD = {"version": "3.5.33"}

Case = tuple[dict[str, Any], str]
"""The changed keys, and the start of the error."""

BAD_SETTINGS: list[Case] = [
        (
            {"domain": "not_a_name.example.com"},
            "etcd:domain is not_a_name.example.com: write a lower-case DNS name",
        ),
        (
            {"domain": "etcd.example.org"},
            "etcd:domain is etcd.example.org: it is not in the zone example.com: correct etcd:zone or etcd:domain. ",
        ),
        ({"domain": "badexample.com"}, "etcd:domain is badexample.com: it is not in the zone"),
        ({"domain": None}, "etcd:domain is not set: name the DNS domain"),
        ({"zone": "example"}, "etcd:zone is example: write a lower-case DNS name"),
        ({"zoneId": "example.com"}, "etcd:zoneId is example.com: write the 32 hexadecimal digits"),
        (
            {"zoneId": "9A7806061C88ADA191ED06F989CC3DAC"},
            "etcd:zoneId is 9A7806061C88ADA191ED06F989CC3DAC: write the 32 hexadecimal digits that Cloudflare shows on "
            "the zone's page, in lower case, ",
        ),
        ({"vpcId": "etcd"}, "etcd:vpcId is etcd: write the UUID of a VPC (doctl vpcs list), in lower case, "),
        (
            {"extraNames": ["etcd_1"]},
            "etcd:extraNames[0] is etcd_1: write lower-case DNS names and IP addresses",
        ),
        *(
            ({"extraNames": [name]}, f"etcd:extraNames[0] is {name}: write lower-case DNS names and IP addresses")
            for name in ("203.0.113.300", "etcd.1", "*.203.0.113.7", "fe80::1%eth0")
        ),
        ({"domain": "10.0.0.1", "zone": None}, "etcd:domain is 10.0.0.1: write a lower-case DNS name"),
        ({"extraNames": ["etcd", "etcd"]}, 'etcd:extraNames is ["etcd", "etcd"]: use at most 20'),
        ({"discoveryToken": None}, "etcd:discoveryToken is not set: create a DigitalOcean token"),
        ({"clientCidrs": ["198.51.100.0/33"]}, "etcd:clientCidrs[0] is 198.51.100.0/33:"),
        ({"clientCidrs": ["198.51.100.7/24"]}, "etcd:clientCidrs[0] is 198.51.100.7/24:"),
        ({"clientCidrs": None}, "etcd:clientCidrs is not set: list the IPv4 networks"),
        *(
            ({"alertEmails": [one]}, f"etcd:alertEmails[0] is {one}: write email addresses that are verified")
            for one in ("ops", "ops@example.com,", "<ops@example.com>", "mailto:ops@example.com", "öps@example.com")
        ),
        ({"metricsCidrs": ["prometheus"]}, "etcd:metricsCidrs[0] is prometheus:"),
        (
            {"sshCidrs": ["0.0.0.0/0"]},
            'etcd:sshCidrs is ["0.0.0.0/0"]: port 22 is never opened to the whole internet',
        ),
        ({"sshKeys": ["my-key"]}, "etcd:sshKeys[0] is my-key: write the id or the MD5 fingerprint, in lower case, "),
        ({"version": "3.6.99"}, "etcd:version is 3.6.99: this program knows only the checksums of 3.5.32, "),
        *(
            (
                {"version": version, "releaseSha256": "a" * 64},
                f"etcd:version is {version}: the members need etcdutl, which etcd has since 3.5: use 3.5 or newer",
            )
            for version in ("2.3.8", "3.4.30")
        ),
        ({"version": "v3.6.14"}, "etcd:version is v3.6.14: write three numbers"),
        ({"releaseSha256": "abc"}, "etcd:releaseSha256 is abc: write 64"),
        (
            {"releaseUrl": "https://mirror/{version}"},
            "etcd:releaseUrl is https://mirror/{version}: a mirror may have other files than etcd-io",
        ),
        ({"releaseUrl": "mirror"}, "etcd:releaseUrl is mirror: write a complete URL"),
        *(
            ({"releaseUrl": url, "releaseSha256": "a" * 64}, f"etcd:releaseUrl is {url}: {reason}")
            for url, reason in {
                "https://mirror/{Version}/x": "only {version} is replaced",
                "https://mirror/{version}/{arch}": "only {version} is replaced",
                "https://mirror/{}": "only {version} is replaced",
                "https://mirror/{version": "only {version} is replaced",
                "https://mürror/x": "write a complete URL that starts with https:// or http://",
                "https://[::1/x": "its host or its port cannot be one",
                "https://mirror:port/x": "its host or its port cannot be one",
                "https://mirror:0/x": "its host or its port cannot be one",
                "https://?": "its host or its port cannot be one",
                "https://a?b": "remove the ? and all after it",
                "https://mirror/x#b": "remove the # and all after it",
            }.items()
        ),
        ({"discoveryApiUrl": "https://api.example.com:port"}, "etcd:discoveryApiUrl is https://api.example.com:port: "),
        ({"discoveryApiUrl": "https://api.example.com/?a=b"}, "etcd:discoveryApiUrl is https://api.example.com/?a=b: "),
        ({"discoveryApiUrl": "https://me:pw@api.example.com"}, "etcd:discoveryApiUrl is https://…@api.example.com: "),
        (
            {"version": "3.6.13", "releaseSha256": CHECKSUMS["3.6.14"]},
            f"etcd:releaseSha256 is {CHECKSUMS['3.6.14']}: etcd-io's release 3.6.13 has the checksum b492",
        ),
        ({"version": "3.6.१४"}, "etcd:version is 3.6.१४: write three numbers"),
        ({"sshKeys": ["५१२"]}, "etcd:sshKeys[0] is ५१२: write the id or the MD5 fingerprint"),
        ({"caValidityHours": 2562048}, "etcd:caValidityHours is 2562048: write a whole number from 1 to 2562047"),
        ({"certificateValidityHours": 2562048}, "etcd:certificateValidityHours is 2562048: write a whole number from "),
        ({"authorities": [10**30]}, f"etcd:authorities[0] is {10**30}: write a whole number from 1 to 1000000000"),
        (
            {"certificateValidityHours": 720, "certificateRenewalHours": 720},
            "etcd:certificateValidityHours is 720: it must be longer than etcd:certificateRenewalHours, 720",
        ),
        ({"caValidityHours": 8760}, "etcd:caValidityHours is 8760: it must be longer than"),
        ({"electionMs": 400}, "etcd:electionMs is 400: etcd requires at least five times"),
        ({"quotaGiB": 10}, "etcd:quotaGiB is 10: the data volume has 10 GiB: set a smaller quota, or a larger "),
        (
            {"volumeSize": 1},
            "etcd:volumeSize is 1: use at least 2, because etcd:quotaGiB is at least 1, and",
        ),
        (
            {"compactionRetention": "8"},
            "etcd:compactionRetention is 8: etcd:compactionMode periodic needs a duration",
        ),
        ({"compactionRetention": "2562048h"}, "etcd:compactionRetention is 2562048h: etcd:compactionMode periodic "),
        ({"compactionRetention": "८h"}, "etcd:compactionRetention is ८h: etcd:compactionMode periodic needs a dur"),
        (
            {"compactionMode": "revision", "compactionRetention": "9" * 20},
            f"etcd:compactionRetention is {'9' * 20}: etcd:compactionMode revision needs a number of revisions",
        ),
        (
            {"compactionMode": "revision"},
            "etcd:compactionRetention is 8h: etcd:compactionMode revision needs a number",
        ),
        ({"addresses": "both"}, "etcd:addresses is both: write public or private"),
        ({"region": "Frankfurt 1"}, "etcd:region is Frankfurt 1: write a DigitalOcean slug"),
        ({"heartbeatMs": "fast"}, "etcd:heartbeatMs is fast: write a whole number from 10 to 5000"),
    ]  # fmt: skip
"""Invalid settings of the cluster."""

BAD_BACKUPS: list[Case] = [
    ({"backupAccessKey": "access"},
     "etcd:backupAccessKey is set: backups also need a bucket: set etcd:backupBucket"),
    ({"backupEndpoint": "https://s3.example.com"}, "etcd:backupEndpoint is set: backups also need a bucket"),
    ({"backupPrefix": "etcd/"}, "etcd:backupPrefix is set: backups also need a bucket"),
    ({"backupRegion": "fra1"}, "etcd:backupRegion is set: backups also need a bucket"),
    ({"backupBucket": "backups", "backupAccessKey": "access"},
     "etcd:backupSecretKey is not set: the bucket backups needs it: run pulumi config set --secret "
     "etcd:backupSecretKey"),
    ({"backupBucket": "backups"}, "etcd:backupAccessKey is not set: the bucket backups needs it"),
    ({**BACKUPS, "backupEndpoint": "http://s3.example.com"},
     "etcd:backupEndpoint is http://s3.example.com: write https:// and a host"),
    ({**BACKUPS, "backupEndpoint": "https://s3.example.com/bucket"},
     "etcd:backupEndpoint is https://s3.example.com/bucket: write https:// and a host"),
    ({**BACKUPS, "backupEndpoint": "https://s3.example.com:port"},
     "etcd:backupEndpoint is https://s3.example.com:port: its host or its port"),
    ({**BACKUPS, "backupEndpoint": "https://[::1"}, "etcd:backupEndpoint is https://[::1: its host or its port"),
    ({**BACKUPS, "backupInterval": "९h"}, "etcd:backupInterval is ९h: write a duration"),
    ({**BACKUPS, "backupRetention": f"{'9' * 5000}d"}, f"etcd:backupRetention is {'9' * 100}…: write a duration"),
    *(
        (
            {**BACKUPS, "backupEndpoint": f"https://backups.{service}"},
            f"etcd:backupEndpoint is https://backups.{service}: it begins with the bucket's name, which requests have "
            f"in their path: write https://{service}",
        )
        for service in (
            "fra1.digitaloceanspaces.com",
            "s3.eu-central-1.amazonaws.com",
            "0a1b2c.r2.cloudflarestorage.com",
        )
    ),
    *(
        ({**BACKUPS, key: value}, f"etcd:{key} is not a key: it has a space, a line break or another character")
        for key in ("backupAccessKey", "backupSecretKey")
        for value in (" ", "a b", "a\n", "schlüssel")
    ),
    *(
        ({**BACKUPS, "backupCaCertificate": value}, "etcd:backupCaCertificate is not a certificate: write the text of")
        for value in (BEGIN, f"{BEGIN}\\nMIIB\\n", "the-secret")
    ),
    ({**BACKUPS, "backupCaCertificate": "-----BEGIN EC PRIVATE KEY-----\nMHcC\n"},
     "etcd:backupCaCertificate is a private key: write the certificate of the authority alone"),
    ({**BACKUPS, "backupBucket": "My_Bucket"}, "etcd:backupBucket is My_Bucket: write a bucket's name"),
    *(
        ({**BACKUPS, "backupBucket": name}, f"etcd:backupBucket is {name}: write a bucket's name")
        for name in ("a..b", "a.-b", "a-.b", "192.168.1.1", "ab", "a" * 64)
    ),
    *(
        ({**BACKUPS, "backupRegion": name}, f"etcd:backupRegion is {name}: write the name of a region, such as fra1")
        for name in ("https://x", "eu/central", "zürich")
    ),
    (
        {**BACKUPS, "backupEndpoint": "https://s3.example.com", "backupEncryption": "aws:kms:schlüssel"},
        "etcd:backupEncryption is aws:kms:schlüssel: write AES256, aws:kms, or",
    ),
    ({**BACKUPS, "backupPrefix": "etcd"}, "etcd:backupPrefix is etcd: write folders that end with a slash"),
    ({**BACKUPS, "backupInterval": "30s"}, "etcd:backupInterval is 30s: write a duration of at least one minute"),
    ({**BACKUPS, "backupInterval": "1 hour"}, "etcd:backupInterval is 1 hour: write a duration"),
    ({**BACKUPS, "backupRetention": "forever"}, "etcd:backupRetention is forever: write a duration such as 30d"),
    ({**BACKUPS, "backupRetention": "90m"},
     "etcd:backupRetention is 90m: keep backups for at least two intervals of 1h"),
    ({**BACKUPS, "backupCaCertificate": "ca.pem"},
     "etcd:backupCaCertificate is not a certificate: write the text of a PEM file"),
    ({"backupBucketCreate": True}, "etcd:backupBucketCreate is set: backups also need a bucket"),
    ({**BACKUPS, "backupBucketCreate": "perhaps"},
     "etcd:backupBucketCreate is perhaps: write true or false"),
    ({**BACKUPS, "backupBucketCreate": True, "region": "nyc1"},
     "etcd:backupBucketCreate is true: DigitalOcean has no Spaces in nyc1: set etcd:backupEndpoint to another"),
    ({**BACKUPS, "backupBucketCreate": True, "backupEndpoint": "https://lon9.digitaloceanspaces.com"},
     "etcd:backupBucketCreate is true: DigitalOcean has no Spaces in lon9"),
    ({"backupEncryption": "AES256"}, "etcd:backupEncryption is set: backups also need a bucket"),
    ({**BACKUPS, "backupEncryption": "yes"}, "etcd:backupEncryption is yes: write AES256, aws:kms, or"),
    ({**BACKUPS, "backupEncryption": "AES256"},
     "etcd:backupEncryption is AES256: Spaces encrypts with a key of the client's alone"),
    ({"restoreFrom": "latest"}, "etcd:restoreFrom is latest: there is no bucket to restore from"),
    ({**BACKUPS, "restoreFrom": "yesterday"}, "etcd:restoreFrom is yesterday: write latest, or the name of a backup"),
]  # fmt: skip
"""Invalid settings of backups."""

BAD_FLAGS: list[Case] = [
        ({"maxRequestBytes": 20_000_000}, "etcd:maxRequestBytes is 20000000: write a whole number from 65536 to"),
        ({"maxTxnOps": 1}, "etcd:maxTxnOps is 1: write a whole number from 16 to 65536"),
        ({"snapshotCount": 100_000}, "etcd:snapshotCount is 100000: use 100 to 10000, or 0 for etcd's own default"),
        ({"snapshotCount": 1}, "etcd:snapshotCount is 1: use 100 to 10000"),
        ({"keepaliveMinTime": "0s"}, "etcd:keepaliveMinTime is 0s: write a duration such as 20s"),
        ({"keepaliveInterval": "0s"}, "etcd:keepaliveInterval is 0s: write a duration such as 20s"),
        ({"keepaliveTimeout": "20x"}, "etcd:keepaliveTimeout is 20x: write a duration such as 20s"),
        ({"logLevel": "trace"}, "etcd:logLevel is trace: write debug, info, warn or error"),
        ({"extraFlags": ["--cors=*"]}, "etcd:extraFlags[0] is --cors=*: write NAME=VALUE: the flag's name"),
        *(
            ({"extraFlags": [flag]}, f"etcd:extraFlags[0] is {flag}: write NAME=VALUE: the flag's name in lower case, ")
            for flag in ("MAX-SNAPSHOTS=5", "ETCD_MAX_SNAPSHOTS=5", "max-snapshots=")
        ),
        ({"extraFlags": ["cors"]}, "etcd:extraFlags[0] is cors: write NAME=VALUE"),
        ({"extraFlags": ["cors=*\nETCD_NAME=b"]}, 'etcd:extraFlags[0] is "cors=*\\nETCD_NAME=b": write NAME=VALUE'),
        ({"extraFlags": ["cors='a'"]}, "etcd:extraFlags[0] is cors='a': a value cannot contain quotes"),
        (
            {"extraFlags": ["data-dir=/tmp"]},
            "etcd:extraFlags[0] is data-dir=/tmp: data-dir cannot be set: the program sets it on every member. Remove",
        ),
        ({"extraFlags": ["unsafe-no-fsync=true"]}, "etcd:extraFlags[0] is unsafe-no-fsync=true: unsafe-no-fsync ca"),
        (
            {"extraFlags": ["max-txn-ops=500"]},
            "etcd:extraFlags[0] is max-txn-ops=500: max-txn-ops has a key of its own: set etcd:maxTxnOps instead",
        ),
        (
            {"extraFlags": ["bcrypt-cost=9", "bcrypt-cost=10"]},
            "etcd:extraFlags is bcrypt-cost=10: bcrypt-cost is set twice: remove one",
        ),
        (
            {"extraFlags": ["corrupt-check-time=1h", "experimental-corrupt-check-time=1h"]},
            "etcd:extraFlags is experimental-corrupt-check-time=1h: it is the old name of corrupt-check-time, which",
        ),
        (
            {
                "extraFlags": [
                    "experimental-stop-grpc-service-on-defrag=true",
                    "feature-gates=StopGRPCServiceOnDefrag=true",
                ]
            },
            "etcd:extraFlags is experimental-stop-grpc-service-on-defrag=true: the gate StopGRPCServiceOnDefrag is set",
        ),
        (
            {"extraFlags": ["feature-gates=LeaseCheckpointPersist=true"]},
            "etcd:extraFlags is feature-gates=LeaseCheckpointPersist=true: LeaseCheckpointPersist needs Lease",
        ),
        (
            {"extraFlags": ["experimental-enable-lease-checkpoint-persist=true"], **OLD},
            "etcd:extraFlags is experimental-enable-lease-checkpoint-persist=true: it needs experimental-enable-lease-",
        ),
        (
            {
                "extraFlags": [
                    "experimental-enable-lease-checkpoint-persist=true",
                    "feature-gates=LeaseCheckpoint=false",
                ]
            },
            "etcd:extraFlags is experimental-enable-lease-checkpoint-persist=true: it needs the gate LeaseCheckpoint=",
        ),
        (
            {
                "extraFlags": [
                    "experimental-enable-lease-checkpoint=true",
                    "feature-gates=LeaseCheckpointPersist=true",
                ]
            },
            "etcd:extraFlags is experimental-enable-lease-checkpoint=true: etcd accepts it beside no gate whose name "
            "begins with LeaseCheckpoint: remove it, and write "
            "feature-gates=LeaseCheckpointPersist=true,LeaseCheckpoint=true",
        ),
        (
            {"extraFlags": ["tls-min-version=TLS1.3", "tls-max-version=TLS1.2"]},
            "etcd:extraFlags is tls-max-version=TLS1.2: it is lower than tls-min-version: remove one of them",
        ),
        (
            {"extraFlags": ["tls-min-version=TLS1.3", "cipher-suites=TLS_AES_128_GCM_SHA256"]},
            "etcd:extraFlags is cipher-suites=TLS_AES_128_GCM_SHA256: etcd accepts none with tls-min-version=TLS1.3",
        ),
        (
            {"extraFlags": ["enable-pprof=yes"]},
            "etcd:extraFlags is enable-pprof=yes: write enable-pprof with true or false",
        ),
        (
            {"extraFlags": ["warning-aply-duration=1s"]},
            "etcd:extraFlags is warning-aply-duration=1s: etcd 3.6 does not know warning-aply-duration: "
            "write warning-apply-duration=1s if you meant that, or remove it",
        ),
        (
            {"extraFlags": ["feature-gates=CompactHashCheck=false"]},
            "etcd:extraFlags is feature-gates=CompactHashCheck=false: the gate CompactHashCheck cannot be set: ",
        ),
        (
            {"extraFlags": ["feature-gates=FastLeaseKeepAlive=true"]},
            "etcd:extraFlags is feature-gates=FastLeaseKeepAlive=true: etcd 3.6 has no gate FastLeaseKeepAlive: use ",
        ),
        (
            {"extraFlags": ["corrupt-check-time=1h"], **OLD},
            "etcd:extraFlags is corrupt-check-time=1h: etcd 3.5 does not know corrupt-check-time: "
            "write experimental-corrupt-check-time=1h instead",
        ),
        (
            {"extraFlags": ["feature-gates=LeaseCheckpoint=true"], **OLD},
            "etcd:extraFlags is feature-gates=LeaseCheckpoint=true: etcd 3.5 does not know feature-gates: remove it",
        ),
        (
            {"extraFlags": ["cors=*"], "version": "3.8.0", "releaseSha256": "a" * 64},
            "etcd:extraFlags is cors=*: this program knows no flags of etcd 3.8",
        ),
    ]  # fmt: skip
"""Invalid settings of etcd."""
