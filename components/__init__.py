"""An etcd cluster on DigitalOcean droplets, as Pulumi components."""
