"""The source of a local cloud: it sees a stack's machines from inside, and may disturb them."""
