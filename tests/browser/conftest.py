"""A real Chromium, one for all tests of this folder; each test gets a browser context of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, async_playwright, expect

from tests.browser.fake_chat import FakeChat
from tests.browser.newsroom import Newsroom, open_newsroom

# Patience with a busy machine, no promise.
PATIENCE_MS = 60_000
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Without motion a box is where it will be as soon as it is there.
AT_A_DESK: dict[str, Any] = {
    "locale": "zh-CN",
    "timezone_id": "Asia/Shanghai",
    "viewport": {"width": 1280, "height": 800},
    "reduced_motion": "reduce",
}
MakeContext = Callable[..., Awaitable[BrowserContext]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail(f"The browser tests need Chromium at {CHROMIUM}: apt-get install chromium fonts-noto-cjk")
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=ARGUMENTS, timeout=3 * PATIENCE_MS
        )
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="session")
async def new_context(browser: Browser) -> AsyncIterator[MakeContext]:
    """Makes browser contexts, each a visitor of its own, and closes them after the test."""
    contexts: list[BrowserContext] = []

    async def make(**wishes: Any) -> BrowserContext:
        context = await browser.new_context(**{**AT_A_DESK, **wishes})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def chat() -> AsyncIterator[FakeChat]:
    async with FakeChat() as fake:
        yield fake
        assert fake.violations == []


@pytest_asyncio.fixture(loop_scope="session")
async def newsroom(tmp_path: Path, new_context: MakeContext) -> AsyncIterator[Newsroom]:
    """A running console with a small knowledge base, and doors to it."""
    async with open_newsroom(tmp_path / "data", new_context) as room:
        yield room


async def type_on(box: Locator, text: str) -> None:
    """Write more into it, letter by letter and without a pause, on however slow a machine."""
    await box.focus()
    await box.evaluate(
        """(box, text) => {
             for (const letter of text) {
               box.value += letter;
               box.dispatchEvent(new InputEvent('input', {bubbles: true, data: letter}));
             }
           }""",
        text,
    )
