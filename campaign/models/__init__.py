"""State machines of members and runs around the real decision code. Tests explore all of them; a walk goes at random."""
