"""What the page shows of the members and of the connection."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Route, expect

from console.view.members import Certificate, ShutdownBlock
from tests.console.browser.opened import opened
from tests.console.browser.rolling_change import START
from tests.console.fake_source import DAY, healthy_page

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_the_first_sentence_says_how_many_members_are_healthy(browser: Browser) -> None:
    async with opened(browser) as console:
        await expect(console.sentence).to_have_text("3 of 3 members are healthy")
        await expect(console.tab).to_have_title("3 of 3 members are healthy - local")
        console.source.set_member(2, healthy=False, problem="its client port does not answer")
        await expect(console.sentence).to_have_text("2 of 3 members are healthy: etcd-server-2 is not")
        console.source.set_member(3, healthy=None)
        await expect(console.sentence).to_have_text(
            "1 of 3 members is healthy: etcd-server-2 is not, etcd-server-3 is unknown"
        )


async def test_the_first_sentence_is_no_longer_that_of_a_destroy_that_ended(browser: Browser) -> None:
    async with opened(browser) as console:
        assert console.source.page.run
        destroy = console.source.page.run.model_copy(
            update={"id": "9", "command": "destroy", "outcome": "running", "ended": None}
        )
        console.source.set(run=destroy)
        console.source.set_member(2, healthy=False, role=None, problem="its client port does not answer")
        await expect(console.sentence).to_have_text("2 of 3 members are healthy: pulumi destroy deletes them")
        console.source.set(run=destroy.model_copy(update={"outcome": "interrupted", "ended": START}))
        await expect(console.sentence).to_have_text("2 of 3 members are healthy: etcd-server-2 is not")
        await expect(console.tab).to_have_title("2 of 3 members are healthy: etcd-server-2 is not - local")
        await console.hears("2 of 3 members are healthy: etcd-server-2 is not.")


async def test_a_tour_that_is_known_later_is_shown(browser: Browser) -> None:
    page = healthy_page()
    async with opened(browser, page.model_copy(update={"tour": None})) as console:
        await expect(console.card(3)).to_be_visible()
        await expect(console.tab.locator("#tour")).to_be_hidden()
        console.source.set(tour=page.tour)
        await expect(console.tab.locator("#tour")).to_be_visible()


async def test_members_that_serve_are_a_quorum_whatever_else_is_wrong(browser: Browser) -> None:
    async with opened(browser) as console:
        for number in (1, 2):
            console.source.set_member(number, healthy=False, problem="it does not list etcd-server-3")
        console.source.set_member(3, healthy=False, role="learner", problem="it is a learner")
        await expect(console.sentence).to_have_text(
            "0 of 3 members are healthy: etcd-server-1, etcd-server-2 and etcd-server-3 are not"
        )
        console.source.set_member(1, healthy=False, role="follower", problem="it has no leader")
        await expect(console.sentence).to_contain_text("No quorum: no writes")


async def test_a_destroy_is_no_lost_quorum(browser: Browser) -> None:
    async with opened(browser) as console:
        run = healthy_page().run
        assert run
        console.source.set(
            run=run.model_copy(update={"command": "destroy", "outcome": "running", "ended": None})
        )
        for number in (1, 2, 3):
            console.source.set_member(number, healthy=False, role="stopped")
        await expect(console.sentence).to_contain_text(": pulumi destroy deletes them")
        await expect(console.sentence).not_to_contain_text("No quorum")


async def test_a_command_that_is_only_mentioned_cannot_be_copied(browser: Browser) -> None:
    async with opened(browser) as console:
        stack = healthy_page().stack
        text = "The machine that runs pulumi up connects to the members itself."
        console.source.set(stack=stack.model_copy(update={"problem": text}))
        problem = console.tab.locator("[data-part=problem]")
        await expect(problem).to_contain_text(text)
        await expect(problem.get_by_role("button")).to_have_count(0)


async def test_the_page_asks_no_other_host_for_anything(browser: Browser) -> None:
    async with opened(browser) as console:
        asked: list[str] = []
        console.tab.on("request", lambda request: asked.append(urlsplit(request.url).netloc))
        await console.tab.reload()
        await expect(console.card(1)).to_be_visible()
        assert len(asked) > 5
        assert set(asked) == {urlsplit(console.url).netloc}


async def test_a_card_tells_all_that_is_known_of_a_member(browser: Browser) -> None:
    async with opened(browser) as console:
        await expect(console.card(1).locator(".role")).to_have_text("leader")
        await expect(console.card(2).locator(".role")).to_have_text("follower")
        await expect(console.fact(2, "Droplet")).to_contain_text("on #1002")
        await expect(console.fact(2, "Public")).to_have_text("203.0.113.2")
        await expect(console.fact(2, "Private")).to_have_text("10.10.0.2")
        await expect(console.fact(2, "DNS")).to_contain_text("203.0.113.2 as the droplet")
        await expect(console.fact(2, "etcd")).to_have_text("3.6.5")
        await expect(console.fact(2, "Database")).to_have_text("40 MiB of 2 GiB")
        await expect(console.fact(2, "Certificates")).to_contain_text("server in 364 days")
        await expect(console.fact(2, "Shutdown")).to_contain_text("allowed All other members are healthy.")


async def test_what_is_unknown_is_not_shown_as_empty(browser: Browser) -> None:
    async with opened(browser) as console:
        console.source.set_member(1, version=None, record=None, certificates=None, shutdown=None, role=None)
        console.source.set_member(2, version="", record="", certificates=[])
        for name in ("etcd", "DNS", "Certificates", "Shutdown"):
            await expect(console.fact(1, name).locator(".unknown")).to_have_text("unknown")
            await expect(console.fact(2, name).locator(".unknown")).to_have_count(0)
        await expect(console.card(1).locator(".role .unknown")).to_be_visible()
        await expect(console.fact(2, "etcd")).to_have_text("none")
        await expect(console.fact(2, "DNS")).to_have_text("no record")
        looks = [
            await console.fact(number, "etcd")
            .locator("span")
            .evaluate("e => getComputedStyle(e).borderStyle")
            for number in (1, 2)
        ]
        assert looks == ["dashed", "none"]


async def test_unknown_members_and_requests_are_said_to_be_unknown(browser: Browser) -> None:
    page = healthy_page()
    cloud = page.cloud.model_copy(update={"reach": None, "volumes": None, "tags": None, "backups": None})
    async with opened(
        browser, page.model_copy(update={"members": None, "requests": None, "cloud": cloud})
    ) as console:
        await expect(console.sentence).to_have_text("The state of the members is unknown")
        for part in ("members", "requests", "firewall"):
            await expect(console.tab.locator(f"[data-part={part}] .unknown")).to_have_count(1)
        await expect(console.tab.locator("[data-part=belongings] .unknown")).to_have_count(3)


async def test_a_certificate_that_ends_soon_stands_out(browser: Browser) -> None:
    async with opened(browser) as console:
        ends = [
            Certificate(purpose="server", ends=START + 89.5 * DAY),
            Certificate(purpose="peer", ends=START + 13.5 * DAY),
            Certificate(purpose="client", ends=START - 2.5 * DAY),
        ]
        console.source.set_member(1, certificates=ends)
        shown = console.fact(1, "Certificates")
        await expect(shown.locator("li")).to_have_text(
            ["client ended 2 days ago", "peer in 13 days", "server in 89 days"]
        )
        await expect(shown.locator(".chip.bad")).to_have_text("ended 2 days ago")
        await expect(shown.locator(".chip.warn")).to_have_text("in 13 days")


async def test_a_card_says_why_a_member_is_not_healthy_and_what_it_awaits(browser: Browser) -> None:
    async with opened(browser) as console:
        console.source.set_member(
            3,
            healthy=False,
            problem="it has not joined yet",
            role="waiting",
            waiting_for="waiting for etcd-server-1: it does not answer",
            shutdown=ShutdownBlock(blocked=True, reason="etcd-server-1 is not healthy."),
            cut_off=True,
        )
        await expect(console.card(3).locator(".health")).to_have_text("Not healthy: it has not joined yet")
        await expect(console.card(3).locator(".waiting")).to_contain_text("it does not answer")
        await expect(console.fact(3, "Shutdown")).to_have_text("blocked etcd-server-1 is not healthy.")
        await expect(console.fact(3, "Droplet")).to_contain_text("cut off")


async def test_a_stack_without_a_cluster_says_what_to_do(browser: Browser) -> None:
    page = healthy_page()
    stack = page.stack.model_copy(update={"problem": "The stack has no cluster yet: run make up."})
    async with opened(browser, page.model_copy(update={"stack": stack, "members": []})) as console:
        problem = console.tab.locator("[data-part=problem]")
        await expect(problem.locator("p")).to_have_text("The stack has no cluster yet: run make up.")
        await expect(problem.get_by_role("button", name="Copy make up")).to_be_visible()
        await expect(console.sentence).to_have_text("The stack has no cluster")


async def test_a_text_that_names_its_command_more_than_once_is_shown_whole(browser: Browser) -> None:
    page = healthy_page()
    text = "A pulumi up would fail. Put these on the members, and run pulumi up. Another pulumi up follows."
    stack = page.stack.model_copy(update={"problem": text})
    async with opened(browser, page.model_copy(update={"stack": stack})) as console:
        problem = console.tab.locator("[data-part=problem]")
        await expect(problem.locator("p")).to_have_text(text)
        assert (
            await problem.locator("p code").evaluate("e => e.previousSibling.nodeValue")
            == text[: text.index("run ") + 4]
        )
        await expect(problem.get_by_role("button", name="Copy pulumi up")).to_have_count(1)


async def test_what_is_unknown_is_not_shown_as_bad_and_has_its_reason(browser: Browser) -> None:
    page = healthy_page()
    unknown = [
        one.model_copy(update={"healthy": None, "problem": "not asked yet"}) for one in page.members or []
    ]
    cloud = page.cloud.model_copy(update={"tags": None, "tags_problem": "Tags: not asked yet."})
    async with opened(browser, page.model_copy(update={"members": unknown, "cloud": cloud})) as console:
        await expect(console.sentence).to_have_text("The state of 3 members is unknown")
        await expect(console.tab.get_by_text("Tags: not asked yet.")).to_be_visible()


async def test_a_lost_connection_is_shown_and_made_again(browser: Browser) -> None:
    async def fail(route: Route) -> None:
        await route.fulfill(status=502)

    async with opened(browser) as console:
        await console.tab.route("**/events", fail)
        await console.tab.reload()
        shown = console.tab.locator("[data-part=connection]")
        await expect(shown).to_have_text("lost, retrying")
        await console.hears("lost")
        await console.tab.unroute("**/events")
        await expect(shown).to_have_text("live")
        await expect(console.sentence).to_have_text("3 of 3 members are healthy")
        # The browser itself reports the answer 502.
        assert all("502" in problem for problem in console.problems)
        console.problems.clear()


async def test_only_what_has_changed_is_touched(browser: Browser) -> None:
    async with opened(browser) as console:
        await expect(console.card(3)).to_be_visible()
        # The tour is told last, and the firewall is drawn when its width is known.
        await expect(console.tab.locator(".tour > li")).to_have_count(5)
        await expect(console.tab.locator("svg.firewall")).to_be_visible()
        await console.tab.evaluate(
            """() => {
              window.touched = new Set();
              new MutationObserver((all) => {
                for (const { target } of all) {
                  const element = target.nodeType === 1 ? target : target.parentElement;
                  window.touched.add(element?.closest("[id]")?.id ?? "elsewhere");
                }
              }).observe(document.querySelector("main"),
                { subtree: true, childList: true, characterData: true, attributes: true });
            }"""
        )
        console.source.set_member(2, database_bytes=50 << 20)
        await expect(console.fact(2, "Database")).to_have_text("50 MiB of 2 GiB")
        # Time passes in the time line, whatever else happens.
        assert {*await console.tab.evaluate("[...window.touched]")} - {"timeline"} == {"member-2"}


async def test_a_member_without_a_droplet_has_no_addresses_and_no_role(browser: Browser) -> None:
    async with opened(browser) as console:
        gone = {"power": "absent", "droplet_id": None, "version": None, "shutdown": None}
        console.source.set_member(
            2, public_address=None, private_address=None, role=None, database_bytes=None, **gone
        )
        await expect(console.card(2).locator(".role")).to_have_text("role none")
        for name in ("Public", "Private", "etcd", "Shutdown"):
            await expect(console.fact(2, name)).to_have_text("none")
        await expect(console.fact(2, "Database")).to_have_text("unknown, quota 2 GiB")
        await expect(console.fact(2, "DNS").locator(".chip.warn")).to_have_text("no droplet has this address")


async def test_what_the_console_says_of_backups_is_not_followed_by_unknown(browser: Browser) -> None:
    page = healthy_page()
    problem = "No member has settings for backups yet."
    cloud = page.cloud.model_copy(update={"backups": None, "backups_problem": problem})
    async with opened(browser, page.model_copy(update={"cloud": cloud})) as console:
        card = console.tab.locator(".belongings .card").filter(has_text="Backups")
        await expect(card).to_have_text(f"Backups{problem}")


async def test_the_cards_fill_their_row_and_break_no_name(browser: Browser) -> None:
    for width in (1400, 800, 360):
        async with opened(browser, width=width) as console:
            await expect(console.card(3)).to_be_visible()
            edges = await console.tab.evaluate(
                """() => {
                  const right = e => Math.round(e.getBoundingClientRect().right);
                  const cards = [...document.querySelectorAll(".member")];
                  return [Math.max(...cards.map(right)), right(document.querySelector(".members"))];
                }"""
            )
            assert edges[0] == edges[1]
            heights = await console.tab.locator(".member h3").evaluate_all(
                """all => all.map(each => {
                  const range = document.createRange();
                  range.selectNodeContents(each.firstChild);
                  return range.getClientRects().length;
                })"""
            )
            assert heights == [1, 1, 1]
