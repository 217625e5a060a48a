"""Faults, each for the length of a block. One that cannot begin raises ``LocalCloudError``.

The end of a block undoes a fault. It leaves alone what is gone by then, such as a machine that was replaced. Faults of
different kinds, or on different members, may overlap in any order.
"""
