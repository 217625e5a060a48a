"""What the program and the node must agree on, by the standard library alone: it is packed for the node as well."""
