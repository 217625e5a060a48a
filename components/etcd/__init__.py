"""The running cluster, asked over TLS with the operator's certificate."""
