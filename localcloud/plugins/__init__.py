"""Stand-ins for Pulumi's provider plugins and Python language host. Installed official ones are used instead."""
