"""The account's droplets: list, power, shut down, and check before creation."""
