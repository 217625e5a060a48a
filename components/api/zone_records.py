"""Lists the records of a zone (Cloudflare API v4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from ..config.loading import ProviderAccess
from ..config.naming import provider_key
from .http_client import NoAnswerError
from .listing import ask_with_retries

PAGE_SIZE = 1000
"""Records that an answer has at most."""


class RecordsNotListedError(Exception):
    """The API did not list the records. The text says why."""


async def records_in_zone(
    access: ProviderAccess, zone_id: str, pauses: Sequence[float], **only: str
) -> list[Mapping[str, Any]]:
    """List the records of a Cloudflare zone that pass the filters of ``only``. Raises ``RecordsNotListedError``."""
    records: list[Mapping[str, Any]] = []
    number, last = 1, 1
    while number <= last:
        query = {**only, "per_page": PAGE_SIZE, "page": number}
        url = f"{access.api_url}/zones/{zone_id}/dns_records?{urlencode(query)}"
        page = await _page(url, access, pauses)
        try:
            records += page["result"]
            number, last = number + 1, page["result_info"]["total_pages"]
        except (KeyError, TypeError) as error:
            raise _not_listed(url, f"answered without a list of records: {error!r}") from error
    return records


async def _page(url: str, access: ProviderAccess, pauses: Sequence[float]) -> dict[str, Any]:
    try:
        answer = await ask_with_retries(url, access.token, pauses)
    except NoAnswerError as error:
        raise _not_listed(url, f"did not answer: {error}") from error
    if answer.status_code != 200:
        raise _not_listed(url, f"answered {answer.status_code}: {answer.text[:200]}")
    try:
        return answer.json()
    except ValueError as error:
        # Such as the page of a proxy that asks for a login.
        raise _not_listed(url, f"did not answer in JSON: {answer.text[:200]}") from error


def _not_listed(url: str, problem: str) -> RecordsNotListedError:
    where = url.partition("?")[0]
    return RecordsNotListedError(
        f"{where} {problem}. The request used {provider_key('cloudflare:apiToken')}. Run pulumi up again"
    )
