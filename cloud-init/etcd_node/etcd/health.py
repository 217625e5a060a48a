"""etcd's own health check: of another member, and of this machine."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException

from components.shared.health import health_problem
from etcd_node.etcd.transport import (
    HttpResponse,
    MemberAddress,
    NoAnswerError,
    PersistentConnection,
    TlsClient,
)

PATH = "/health"


def connected_problem(connection: PersistentConnection) -> str:
    """The problem of the member at the other end; empty when it is healthy."""
    try:
        return problem_in(connection.get(PATH))
    except NoAnswerError as error:
        return str(error)


def member_problem(client: TlsClient, member: MemberAddress) -> str:
    """A member's problem; empty when it is healthy. Raises ``NoAnswerError``."""
    return problem_in(client.call_gateway(member, PATH, None))


def own_health(metrics: str) -> bool:
    """Whether this machine's own etcd is healthy. ``metrics`` is where it serves its metrics, ``HOST:PORT``."""
    host, port = metrics.rsplit(":", 1)
    connection = HTTPConnection(host, int(port), timeout=3)
    try:
        connection.request("GET", PATH)
        response = connection.getresponse()
        return not problem_in(HttpResponse(response.status, response.read()))
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def problem_in(answer: HttpResponse) -> str:
    """The problem that an answer to ``GET /health`` reports; empty when there is none."""
    try:
        return health_problem(answer.json())
    except (ValueError, TypeError, KeyError, AttributeError):
        return f"its answer (status {answer.status}) is not etcd's"
