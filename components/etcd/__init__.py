"""The running cluster, asked and changed over TLS.

While ``etcd:auth`` is unset, all requests show the operator's certificate. While it is set:

- Look-ups show the reader's, which has no common name: etcd's JSON gateway, ``/metrics`` and the machines' own port.
- Changes show the management's, which is that of the user root: etcd's gRPC API.

``credentials.py`` chooses.
"""
