"""Resource classes of the Pulumi providers."""
