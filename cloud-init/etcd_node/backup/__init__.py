"""Backups of the cluster in an S3 bucket."""
