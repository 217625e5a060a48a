"""Block this machine's shutdown while the cluster needs this member."""
