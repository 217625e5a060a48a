"""``python -m localcloud.plugins.digitalocean ENGINE_ADDRESS``: the plugin's executable."""

from localcloud.plugins.digitalocean.provider import DigitalOcean
from localcloud.plugins.server import main

main(DigitalOcean())
