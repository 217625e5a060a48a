"""``python -m localcloud.plugins.cloudflare ENGINE_ADDRESS``: the plugin's executable."""

from localcloud.plugins.cloudflare.provider import Cloudflare
from localcloud.plugins.server import main

main(Cloudflare())
