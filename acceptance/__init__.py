"""A run of the whole life of a cluster on a real account, which ends with a report: ``make acceptance STACK=fra1``."""
