"""Stand-ins for Pulumi's provider plugins and Python language host, where the official ones cannot be had."""
