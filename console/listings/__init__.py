"""What of DigitalOcean's listings belongs to a cluster. Each source of the console reads them in its own way."""
