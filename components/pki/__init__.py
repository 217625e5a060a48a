"""Certificate authorities, certificates and their expiry."""
