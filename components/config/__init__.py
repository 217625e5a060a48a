"""Stack configuration: read, validated, and named."""
