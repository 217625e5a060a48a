"""How a droplet becomes a member of its etcd cluster, and stays one.

``python3 /etc/etcd/prepare_cluster.py STEP`` is what the units in ``/etc/systemd/system`` run. It needs Python 3.11
and nothing but its standard library. The rules that it follows are in the project's ``docs/bootstrap.md``.
"""
