"""Drives a stack of the program in a local cloud as a user does, breaks its machines, and observes its members."""
