"""What a run says while it goes on: to the engine's display, and to a console that somebody has opened."""
