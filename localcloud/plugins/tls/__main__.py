"""``python -m localcloud.plugins.tls ENGINE_ADDRESS``: the plugin's executable."""

from localcloud.plugins.server import main
from localcloud.plugins.tls.provider import Tls

main(Tls())
