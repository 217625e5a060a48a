"""Back up the cluster to an S3 bucket."""
