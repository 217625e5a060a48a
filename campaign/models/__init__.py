"""State machines of members and runs around the real decision code, for exhaustive tests and for random walks."""
