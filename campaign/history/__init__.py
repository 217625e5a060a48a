"""Histories that clients record during a schedule, and the checks that judge them.

The checks assume that no key of the workload exists before its first recorded write, and that only recorded calls
write them. Checks work for all histories. They find most where each write has a value of its own.
"""
