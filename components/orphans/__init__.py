"""Resources that an interrupted run left in the account."""
