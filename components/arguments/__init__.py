"""The arguments of the component, and how a run reads them."""
