"""Turns what a source sees, moment by moment, into the time line and the ticks of the tour. It asks for nothing."""
