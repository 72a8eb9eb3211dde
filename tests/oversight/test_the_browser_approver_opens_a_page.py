"""``--approver browser``: the address is said once, and what is decided there is the ruling."""

from __future__ import annotations

import asyncio
import re

import aiohttp
import pytest

from opsrange.oversight.approver import Case, find_approver
from opsrange.oversight.request import ApprovalRequest, Decision, Ruling

REQUEST = ApprovalRequest(
    id="toy@1/1",
    attempt="toy@1",
    gate="effect-class",
    why="it writes",
    command="kubectl delete pod web",
    instant_ms=0,
    before_step=0,
)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_is_decided_on_the_page_is_the_ruling(capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> Ruling:
        decide = find_approver("browser").make("1")

        async def ruled() -> Ruling:
            return await decide(Case(REQUEST, None, 0))

        waiting = asyncio.create_task(ruled())
        said = ""
        while "approve here" not in said:
            await asyncio.sleep(0)
            said += capsys.readouterr().err
        found = re.search(r"http://\S+", said)
        assert found is not None
        url = found[0]
        base = url.partition("/?")[0]
        jar = aiohttp.CookieJar(unsafe=True)  # for an address without a name
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            await session.get(url)
            async with session.get(f"{base}/news"):
                answer = {"id": REQUEST.id, "decision": "reject", "reason": "not that one"}
                posted = await session.post(f"{base}/decide", json=answer)
                assert posted.status == 200
                return await waiting

    ruling = asyncio.run(main())
    assert (ruling.decision, ruling.reason) == (Decision.REJECT, "not that one")
