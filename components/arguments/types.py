"""The arguments of ``EtcdCluster``, grouped by subject.

They are dictionaries with declared keys. Pulumi derives the package's schema from them: it reads the annotations and
the docstrings as they are here. SDKs add ``Args`` to the names of the groups.

A value that decides which resources exist is plain. A ``pulumi.Input`` may come from another resource. Names in the
schema and in errors are in camel case, such as ``args.members.dropletSize``.
"""

# No "from __future__ import annotations" here: Pulumi's analyzer reads annotations that are evaluated.
from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi


class Members(TypedDict):
    """The members: how many there are, where they run, and what each of them has."""

    size: NotRequired[int]
    """Number of members: 1, 3, 5, 7 or 9. The default is 3."""
    region: NotRequired[str]
    """DigitalOcean region of droplets, volumes and VPC. The default is `fra1`."""
    image: NotRequired[str]
    """Image of the droplets: a slug of Debian 13 or newer, or the id of an image that has systemd 254 and Python 3.11.

    The default is `debian-13-x64`.
    """
    droplet_size: NotRequired[str]
    """Size of the droplets. The default is `s-2vcpu-2gb`."""
    volume_size: NotRequired[int]
    """GiB of each member's data volume, 2 to 16384. It may only grow.

    0 keeps the data on the droplet's own disk. The default is 10.
    """
    ssh_keys: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Ids or MD5 fingerprints of SSH keys in the DigitalOcean account.

    Their owners may log in as root. There are none by default.
    """


class Network(TypedDict):
    """The network: who may connect, and to which addresses."""

    client_cidrs: Sequence[str]
    """IPv4 networks that may connect to ports 2379 (etcd) and 2383 (why etcd does not run).

    The machine that runs Pulumi must be in one of them, because it checks the members itself.
    """
    ssh_cidrs: NotRequired[Sequence[str]]
    """IPv4 networks that may connect to port 22, but not `0.0.0.0/0`. There are none by default."""
    metrics_cidrs: NotRequired[Sequence[str]]
    """IPv4 networks whose Prometheus may connect to the metrics ports 2382 and 2383. There are none by default."""
    addresses: NotRequired[str]
    """Address of a droplet that members and clients use: `public`, or `private` (in the VPC).

    The default is `public`.
    """
    vpc_id: NotRequired[pulumi.Input[str]]
    """Id of an existing VPC in the members' region. Without it, the cluster gets a VPC of its own."""


class Dns(TypedDict):
    """The members' names, and their DNS records at Cloudflare. Without zone and zone id there are no records."""

    domain: str
    """DNS domain of the members, in lower case, at most 50 characters.

    The members are `etcd-server-N.<domain>`. They know each other by these names without DNS.
    """
    zone: NotRequired[str]
    """Name of the Cloudflare zone in which the records are created. It holds the domain."""
    zone_id: NotRequired[pulumi.Input[str]]
    """Id of that zone. With it, the run does not look the zone up by its name."""


class Tls(TypedDict):
    """Certificates and the certificate authorities that sign them."""

    extra_names: NotRequired[Sequence[str]]
    """More DNS names and IP addresses in the members' server certificates, at most 20, for clients that come by a
    CNAME, by an address or through a load balancer. A name may begin with `*.`. There are none by default.
    """
    ca_validity_hours: NotRequired[int]
    """Lifetime of the certificate authority in hours, longer than `certificateValidityHours`, at most 2562047.

    The default is 87600, ten years.
    """
    certificate_validity_hours: NotRequired[int]
    """Lifetime of server, peer and client certificates in hours, longer than `certificateRenewalHours`.

    It is at most 2562047. The default is 8760, one year.
    """
    certificate_renewal_hours: NotRequired[int]
    """Hours before a certificate's end from which on a run renews it. The default is 720, 30 days."""
    authorities: NotRequired[Sequence[int]]
    """Numbers of the certificate authorities that members trust, each 1 to 1000000000.

    The first one signs. Use two only while one replaces the other. The default is [1].
    """


class Etcd(TypedDict):
    """The version of etcd, and how it is tuned."""

    version: NotRequired[str]
    """Version of etcd, 3.5 or newer, such as `3.6.14`, which is the default."""
    release_url: NotRequired[str]
    """URL from which droplets fetch etcd.

    `{version}` stands for the version, and nothing else is replaced. The default is that of GitHub's release.
    """
    release_sha256: NotRequired[str]
    """SHA-256 of the file at `releaseUrl`.

    The default is the one that the program knows for an official release. It must be set for another URL, and for a
    version whose checksum the program does not know.
    """
    quota_gib: NotRequired[int]
    """Largest size of etcd's database, 1 to 64 GiB, less than the data volume.

    With `volumeSize` 0, it is at least 4 GiB less than the droplet's disk. The default is 2.
    """
    compaction_mode: NotRequired[str]
    """etcd's automatic compaction: `periodic` or `revision`. The default is `periodic`."""
    compaction_retention: NotRequired[str]
    """What compaction keeps: a duration such as `30m` in mode `periodic`, a number of revisions in mode `revision`.

    The default is `8h`, for `periodic` alone.
    """
    heartbeat_ms: NotRequired[int]
    """etcd's heartbeat interval, 10 to 5000 milliseconds. The default is 100."""
    election_ms: NotRequired[int]
    """etcd's election timeout, 50 to 50000 milliseconds, and at least five heartbeats. The default is 1000."""
    max_request_bytes: NotRequired[int]
    """Largest request that a client may send, 65536 to 10485760 bytes. The default is 1572864."""
    max_txn_ops: NotRequired[int]
    """Most operations in one transaction, 16 to 65536. The default is 128."""
    snapshot_count: NotRequired[int]
    """Entries of the log after which a member writes a snapshot, 100 to 10000.

    The default is 0, which stands for etcd's own.
    """
    keepalive_min_time: NotRequired[str]
    """Shortest time between two gRPC pings of a client. etcd disconnects a client that sends more.

    The default is `5s`.
    """
    keepalive_interval: NotRequired[str]
    """Time without traffic after which a member sends a gRPC ping to a client. The default is `2h`."""
    keepalive_timeout: NotRequired[str]
    """Time after which a member disconnects a client that does not answer a gRPC ping. The default is `20s`."""
    log_level: NotRequired[str]
    """Least important lines that etcd logs: `debug`, `info`, `warn` or `error`. The default is `info`."""
    extra_flags: NotRequired[Sequence[str]]
    """Other flags of etcd, each as `NAME=VALUE` without dashes. There are none by default."""


class Backups(TypedDict):
    """Backups to a bucket, and the backup from which a new cluster starts."""

    bucket: NotRequired[str]
    """Bucket for backups, in DigitalOcean's Spaces or any other S3 that takes path-style requests. It needs both keys.

    Without it there are no backups.
    """
    bucket_create: NotRequired[bool]
    """Whether the cluster creates this bucket in Spaces if it does not exist.

    The DigitalOcean provider needs a Spaces key for it (`spacesAccessId`, `spacesSecretKey`). The cluster never deletes
    the bucket. The default is false.
    """
    access_key: NotRequired[pulumi.Input[str]]
    """Access key that may list, read and write objects in the bucket. It is stored on the droplets."""
    secret_key: NotRequired[pulumi.Input[str]]
    """Its secret key."""
    endpoint: NotRequired[str]
    """HTTPS URL of the S3 endpoint, without the bucket's name. The default is Spaces in the cluster's region."""
    region: NotRequired[str]
    """Region in the signatures of S3 requests. The default is the cluster's region."""
    prefix: NotRequired[str]
    """Start of the names of backups, which ends with a slash. The default is the cluster's name and a slash."""
    interval: NotRequired[str]
    """Time between two backups, at least one minute, such as `15m` or `1d`. The default is `1h`."""
    retention: NotRequired[str]
    """Age at which members delete a backup, at least two intervals.

    They never delete the newest good one. `0` keeps all. The default is `30d`.
    """
    encryption: NotRequired[str]
    """Encryption that uploads ask the S3 server for: `AES256`, `aws:kms`, or `aws:kms:` and the id of a key.

    Spaces has none of them. There is none by default.
    """
    ca_certificate: NotRequired[str]
    """PEM certificate of the authority that signed the endpoint's certificate.

    Without it, public authorities are trusted.
    """
    restore_from: NotRequired[str]
    """Backup from which a new cluster bootstraps: `latest`, its name, or `FOLDER/NAME` in another folder of the bucket.

    A name ends with `.db.gz`. Without it, a new cluster has no data. A cluster that exists may not get it.
    """


class Maintenance(TypedDict):
    """How a run changes a cluster that exists, and who is told of trouble."""

    rollout: NotRequired[str]
    """How changes reach the members: `one-at-a-time` or `all-at-once`.

    Use `all-at-once` only for a cluster with data volumes whose certificates expired, that never became healthy, or
    that you abandon. The default is `one-at-a-time`.
    """
    health_timeout_seconds: NotRequired[int]
    """How long a run waits for members to become healthy, 10 to 7200 seconds. The default is 600."""
    droplet_timeout_seconds: NotRequired[int]
    """How long a droplet's shutdown and deletion together may take, 10 to 7200 seconds.

    With backups on, a run warns of less than 210. The default is 300.
    """
    protect: NotRequired[bool]
    """Whether Pulumi refuses to destroy the cluster, from the next `pulumi up` on.

    Members can be replaced all the same. The default is false.
    """
    alert_emails: NotRequired[Sequence[str]]
    """Mail addresses to which DigitalOcean reports that a droplet's disk, CPU or memory is nearly used up.

    There are none by default.
    """


class Permission(TypedDict):
    """What a client may do with one key, with the keys of a range, or with all keys that begin alike.

    It has `key` or `prefix`, and not both.
    """

    access: str
    """What the client may do: `read`, `write` (which includes to delete), or `readwrite`."""
    key: NotRequired[str]
    """One key, or the first key of a range."""
    range_end: NotRequired[str]
    """End of the range that begins with `key`. The range does not include it."""
    prefix: NotRequired[str]
    """Beginning of the keys, such as `/shop/`. An empty one is that of every key."""


class Client(TypedDict):
    """A client with a certificate of its own, and with a user of etcd."""

    name: str
    """Name of the client: the common name of its certificate, and the name of its user.

    It has lower-case letters, digits, dots and hyphens, at most 64, and begins and ends with a letter or a digit.
    """
    permissions: NotRequired[Sequence[Permission]]
    """What the client may do with which keys, at most 100 permissions.

    Without any, it reads metrics and no key.
    """
    root: NotRequired[bool]
    """Whether the client may do everything, such as to change users and members. The default is false."""


class Access(TypedDict):
    """Tokens, the APIs that accept them, and the clients of etcd.

    Hooks and checks use the account of the provider that creates the resources. A program in another language than
    Python does not show an explicit provider's token, so it gives the token here a second time.
    """

    discovery_token: pulumi.Input[str]
    """DigitalOcean token that is stored on the droplets.

    It has the scopes droplet:read and tag:read, and no others but the read scopes that the console adds.
    """
    discovery_api_url: NotRequired[str]
    """URL at which the droplets and the health checks reach the DigitalOcean API.

    The default is `https://api.digitalocean.com`.
    """
    auth: NotRequired[bool]
    """Whether etcd enforces the clients' permissions.

    False prepares the members' certificates for it and issues the clients' certificates, and every certificate opens
    everything. Without it, there are no clients, and the members' certificates stay as they are.
    """
    clients: NotRequired[Sequence[Client]]
    """Clients with a certificate of their own, at most 100. They need `auth`. There are none by default."""
    digitalocean_token: NotRequired[pulumi.Input[str]]
    """Token of the DigitalOcean provider that creates the resources. One of another account is refused.

    It must be set where the component has an explicit provider and does not see its token.
    """
    digitalocean_api_url: NotRequired[pulumi.Input[str]]
    """URL of the API of that provider.

    If the component does not see it, the default is `https://api.digitalocean.com`.
    """
    cloudflare_token: NotRequired[pulumi.Input[str]]
    """Token of the Cloudflare provider that creates the records. One that cannot read the zone is refused.

    It must be set where the component has an explicit provider and does not see its token.
    """
    cloudflare_api_url: NotRequired[pulumi.Input[str]]
    """URL of the API of that provider.

    If the component does not see it, the default is `https://api.cloudflare.com/client/v4`.
    """


class EtcdClusterArgs(TypedDict):
    """The arguments of a cluster. Only network, DNS and access have values without a default."""

    cluster_name: NotRequired[str]
    """Name of the cluster in the account: its tag, and the start of the names of what it creates.

    It begins with a letter, and has lower-case letters, digits and hyphens, at most 60. It does not end like a tag of
    another cluster, such as `-up` or `-size-3`. The default is `etcd-<project>-<stack>-<name>`.
    """
    members: NotRequired[Members]
    """The members: how many there are, where they run, and what each of them has."""
    network: Network
    """The network: who may connect, and to which addresses."""
    dns: Dns
    """The members' names, and their DNS records at Cloudflare."""
    tls: NotRequired[Tls]
    """Certificates and the certificate authorities that sign them."""
    etcd: NotRequired[Etcd]
    """The version of etcd, and how it is tuned."""
    backups: NotRequired[Backups]
    """Backups to a bucket, and the backup from which a new cluster starts."""
    maintenance: NotRequired[Maintenance]
    """How a run changes a cluster that exists, and who is told of trouble."""
    access: Access
    """Tokens, the APIs that accept them, and the clients of etcd."""


class MemberOutput(TypedDict):
    """A member of a cluster that exists."""

    name: str
    """Name of the member, which is also its droplet's hostname and a name in its certificates."""
    address: pulumi.Output[str]
    """The IPv4 address that members and clients use: one of the other two."""
    public: pulumi.Output[str]
    """The droplet's public IPv4 address."""
    private: pulumi.Output[str]
    """The droplet's IPv4 address in the VPC."""
    droplet: pulumi.Output[str]
    """Id of the droplet, as other resources of the DigitalOcean provider take it."""
    urn: pulumi.Output[str]
    """URN by which DigitalOcean names the droplet, such as `do:droplet:3164444`."""


class ClientOutput(TypedDict):
    """What a client needs to identify itself."""

    certificate: pulumi.Output[str]
    """The client's certificate, PEM."""
    key: pulumi.Output[str]
    """The client's key, PEM; secret."""
