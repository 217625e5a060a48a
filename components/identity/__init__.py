"""Which cluster the stack's state knows, and whether the account holds the same one."""
