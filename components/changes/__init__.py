"""Which settings may follow on which, and the records that later runs are compared with."""
