"""Moving the leadership away from a member that is about to go, so that writes do not wait for an election.

etcd's ``Maintenance.MoveLeader``, by the JSON gateway of the leader itself
(https://etcd.io/docs/v3.6/dev-guide/api_reference_v3/).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components.etcd.health import MemberStatus, Observation
from components.shared.names import by_number


def successor(leaving: Sequence[str], probes: Mapping[str, Observation]) -> tuple[str, str] | None:
    """The leader among the leaving members, and the id of the member that is to lead; ``None`` when none leads.

    The voter with the lowest number that answered becomes the leader: a rolling change has replaced it already, or
    else replaces it next.
    """
    answers = {
        name: answer
        for name in sorted(probes, key=by_number)
        if isinstance(answer := probes[name], MemberStatus)
    }
    leaders = [
        name for name in leaving if name in answers and answers[name].member_id == answers[name].leader
    ]
    heirs = [
        answer.member_id
        for name, answer in answers.items()
        if name not in leaving and answer.healthy and not answer.learner
    ]
    return (leaders[0], heirs[0]) if leaders and heirs else None
