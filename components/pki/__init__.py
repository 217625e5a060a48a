"""Certificate authorities, certificates and when they expire."""
