"""What the local cloud is built from: the Pulumi engine, etcd releases and the machine image, each cached."""
