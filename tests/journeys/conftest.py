"""A real instance and a real browser: everything that `make run` starts, and the system's Chromium."""

import shutil
from collections.abc import Iterator

import pytest
from instance import Instance
from playwright.sync_api import Browser, Page, sync_playwright

PHONE = {"width": 375, "height": 812}
NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = (
    "Chromium is missing, so the journeys cannot be walked. Install it with the system's package manager,"
    " such as `apt-get install chromium fonts-wqy-microhei`; `make test` does so by itself where it may."
)


@pytest.fixture(scope="session")
def instance() -> Iterator[Instance]:
    """One instance for all journeys of a worker that need none of their own; each has its own people."""
    with Instance() as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, headless; without one the journeys fail and say how to get it."""
    program = next((found for found in map(shutil.which, NAMES) if found), None)
    if program is None:
        pytest.fail(MISSING)
    # Root, as in most containers, may not use Chromium's sandbox.
    flags = ["--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-sandbox"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def phone_page(chromium: Browser) -> Iterator[Page]:
    """A page of a phone's size that reads Chinese; a script error or a refusal to load fails the test."""
    context = chromium.new_context(viewport=PHONE, locale="zh-CN", timezone_id="Asia/Shanghai")
    context.set_default_timeout(10_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def plain_page(chromium: Browser) -> Iterator[Page]:
    """A desktop page without JavaScript that reads English."""
    context = chromium.new_context(
        viewport={"width": 1280, "height": 800}, locale="en-GB", java_script_enabled=False
    )
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()
