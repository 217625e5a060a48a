"""The cloud-init document of a droplet."""
