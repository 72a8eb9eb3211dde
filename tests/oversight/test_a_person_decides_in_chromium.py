"""The approver's page in a real browser: what is seen, and every decision by keyboard."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from opsrange.oversight.console import open_console
from opsrange.oversight.queue import PendingQueue
from opsrange.oversight.request import ApprovalRequest, Decision, Ruling, ShownDocument
from opsrange.trace import Effect, Outlook, Preview, StateChange, Step

DRIVER, BROWSER = shutil.which("chromedriver"), shutil.which("chromium")
Drive = Callable[[webdriver.Chrome], None]

pytestmark = [
    pytest.mark.skipif(DRIVER is None or BROWSER is None, reason="chromium-driver is missing"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    profile: Path = tmp_path_factory.mktemp("profile")
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--window-size=1280,1000",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=Service(executable_path=str(DRIVER)))
    yield driver
    driver.quit()


def request(number: int = 1, *, preview: bool = True) -> ApprovalRequest:
    change = StateChange(
        actor="agent",
        verb="update",
        entity="shop/Deployment/cart",
        path="spec.replicas",
        old=2,
        new=0,
    )
    step = Step(
        index=3,
        command="kubectl scale",
        exit_code=0,
        stdout="<b>scaled</b>\n",
        started_ms=0,
        ended_ms=1000,
        effect=Effect.REVERSIBLE_WRITE,
        changes=[change],
    )
    found = Preview(
        step=step,
        horizon_ms=300_000,
        acted=Outlook(health={"checkout": 0.12, "browse": 1.0}, alerts=["CartDown"]),
        idle=Outlook(health={"checkout": 0.99, "browse": 1.0}, alerts=[]),
    )
    return ApprovalRequest(
        id=f"r{number}",
        attempt=f"scaled-to-zero@{number}",
        agent="hasty",
        gate="effect_class",
        why="It changes something.",
        command=f"kubectl -n shop scale deployment/cart --replicas=0 # <img src=x> {number}",
        documents=[ShownDocument(title="Runbook: cart", text="Never scale to zero.")],
        preview=found if preview else None,
        instant_ms=0,
        before_step=number,
    )


def decided(chromium: webdriver.Chrome, drive: Drive, *requests: ApprovalRequest) -> list[Ruling]:
    """What each request was answered while ``drive`` used the browser."""

    async def main() -> list[Ruling]:
        queue = PendingQueue(decide_s=30, pause_s=30)
        console = await open_console(queue, decider="ada")
        try:
            asking = [asyncio.create_task(queue.submit(each)) for each in requests]
            await asyncio.to_thread(chromium.get, console.url)
            await asyncio.to_thread(shows, chromium, f"{len(requests)}")
            await asyncio.to_thread(drive, chromium)
            return list(await asyncio.gather(*asking))
        finally:
            await asyncio.to_thread(chromium.get, "about:blank")
            await console.close()

    return asyncio.run(main())


def shows(chromium: webdriver.Chrome, waiting: str) -> None:
    """Wait until the page's title counts so many requests."""
    WebDriverWait(chromium, 20).until(lambda driver: driver.title.startswith(f"({waiting})"))


def keys(chromium: webdriver.Chrome, *typed: str) -> None:
    ActionChains(chromium).send_keys(*typed).perform()


def text(chromium: webdriver.Chrome, place: str) -> str:
    return chromium.find_element(By.ID, place).text


def test_the_difference_and_the_effect_on_users_are_seen(chromium: webdriver.Chrome) -> None:
    seen = {}

    def drive(driver: webdriver.Chrome) -> None:
        seen["detail"] = text(driver, "detail")
        keys(driver, "a")

    (ruling,) = decided(chromium, drive, request())
    assert (ruling.decision, ruling.decider) == (Decision.APPROVE, "ada")
    for words in (
        "shop/Deployment/cart",
        "spec.replicas",
        "reversible change",
        "-87.0 points",
        "It would raise: CartDown",
        "Runbook: cart",
        "<img src=x>",
    ):
        assert words in seen["detail"]


def test_a_request_without_a_preview_says_so(chromium: webdriver.Chrome) -> None:
    seen = {}

    def drive(driver: webdriver.Chrome) -> None:
        seen["detail"] = text(driver, "detail")
        keys(driver, "a")

    decided(chromium, drive, request(preview=False))
    assert "No preview is shown" in seen["detail"]


def test_a_refusal_needs_a_reason_and_carries_it(chromium: webdriver.Chrome) -> None:
    seen = {}

    def drive(driver: webdriver.Chrome) -> None:
        keys(driver, "d", Keys.ENTER)
        WebDriverWait(driver, 10).until(lambda each: text(each, "error"))
        seen["error"] = text(driver, "error")
        keys(driver, "it takes the cart down", Keys.ENTER)

    (ruling,) = decided(chromium, drive, request())
    assert "needs a reason" in seen["error"]
    assert (ruling.decision, ruling.reason) == (Decision.REJECT, "it takes the cart down")


def test_a_command_can_be_edited(chromium: webdriver.Chrome) -> None:
    def drive(driver: webdriver.Chrome) -> None:
        keys(driver, "e")
        keys(driver, Keys.END, " --dry-run=server")
        ActionChains(driver).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(
            Keys.CONTROL
        ).perform()

    (ruling,) = decided(chromium, drive, request())
    assert ruling.decision is Decision.MODIFY
    assert ruling.modified.endswith("1 --dry-run=server")


def test_several_requests_are_walked_by_keyboard(chromium: webdriver.Chrome) -> None:
    def drive(driver: webdriver.Chrome) -> None:
        keys(driver, "j", "a")
        shows(driver, "1")
        keys(driver, "t", "enough", Keys.ENTER)

    first, second = decided(chromium, drive, request(1), request(2))
    assert (first.decision, second.decision) == (Decision.TERMINATE, Decision.APPROVE)


def test_what_is_typed_survives_news(chromium: webdriver.Chrome) -> None:
    """Another request arrives while somebody words a refusal."""

    async def main() -> Ruling:
        queue = PendingQueue(decide_s=30, pause_s=30)
        console = await open_console(queue)
        try:
            mine = asyncio.create_task(queue.submit(request(1)))
            await asyncio.to_thread(chromium.get, console.url)
            await asyncio.to_thread(shows, chromium, "1")
            await asyncio.to_thread(keys, chromium, "d", "half a ")
            other = asyncio.create_task(queue.submit(request(2)))
            await asyncio.to_thread(shows, chromium, "2")
            await asyncio.to_thread(keys, chromium, "sentence", Keys.ENTER)
            ruling = await mine
            other.cancel()
            return ruling
        finally:
            await asyncio.to_thread(chromium.get, "about:blank")
            await console.close()

    assert asyncio.run(main()).reason == "half a sentence"


def test_closing_the_browser_refuses(chromium: webdriver.Chrome) -> None:
    async def main() -> Ruling:
        queue = PendingQueue(decide_s=30, pause_s=0.2)
        console = await open_console(queue)
        try:
            await asyncio.to_thread(chromium.get, console.url)
            seen = queue.version
            while not queue.approvers:
                seen = await queue.changed(seen)
            asking = asyncio.create_task(queue.submit(request()))
            await asyncio.to_thread(shows, chromium, "1")
            await asyncio.to_thread(chromium.get, "about:blank")
            return await asking
        finally:
            await console.close()

    assert asyncio.run(main()).decision is Decision.REJECT
