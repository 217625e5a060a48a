"""The DigitalOcean API as a member uses it: droplets, addresses and markers."""
