"""A person at the page: a Chromium that is driven, what can be done there, and what must never happen."""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE = 15.0  # seconds
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}


def missing(what: str) -> None:
    """Skip a test that needs what is not here; in CI it must be here."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI needs {what}")
    pytest.skip(f"no {what} on this machine")


def open_browser(*more: str) -> webdriver.Chrome:
    """Chromium without a window, with a fresh profile; skips where there is none."""
    binary = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        missing("Chromium with its driver (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = str(binary)
    for argument in ("--headless=new", "--disable-dev-shm-usage", "--window-size=1280,1000", *more):
        options.add_argument(argument)
    if os.name == "posix" and os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # as root Chromium has none
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(driver)))
    browser.set_page_load_timeout(PATIENCE)
    browser.set_script_timeout(PATIENCE)
    return browser


class Person:
    """What one does at a page, and sees there."""

    keys = Keys

    def __init__(self, browser: webdriver.Chrome) -> None:
        self.browser = browser
        self.run = browser.execute_script

    def visit(self, address: str, expects_trouble: bool = False) -> None:
        """Open an address afresh and wait until the page is ready."""
        self.browser.get("about:blank")
        self.forget()
        self.browser.get(address)
        self.until(
            lambda: self.run("return document.documentElement.dataset.ready") == "yes", "the page is ready"
        )
        if not expects_trouble:
            assert not self.see("trouble").is_displayed(), self.see("trouble").text

    def see(self, name: str) -> Any:
        return self.browser.find_element(By.ID, name)

    def all(self, selector: str) -> list[Any]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def click(self, name: str) -> None:
        self.see(name).click()

    def type(self, text: str, into: str = "text") -> None:
        self.see(into).send_keys(text)

    def paste(self, text: str, into: str = "text") -> None:
        """What a paste does, without a clipboard."""
        self.run(
            "const area = document.getElementById(arguments[1]); area.focus();"
            "area.setRangeText(arguments[0], area.selectionStart, area.selectionEnd, 'end');"
            "area.dispatchEvent(new InputEvent('input', { bubbles: true }));",
            text,
            into,
        )

    def press(self, *keys: str) -> None:
        """Keys held down together."""
        chain = ActionChains(self.browser)
        for key in keys:
            chain.key_down(key)
        for key in reversed(keys):
            chain.key_up(key)
        chain.perform()

    def hover(self, element: Any) -> None:
        self.run("arguments[0].scrollIntoView({ block: 'center' })", element)
        ActionChains(self.browser).move_to_element(element).perform()

    def mark(self, start: int, end: int | None = None) -> None:
        """Put the caret somewhere, or mark a stretch."""
        self.run(
            "const area = document.getElementById('text'); area.focus({ preventScroll: true });"
            "area.setSelectionRange(arguments[0], arguments[1]);",
            start,
            start if end is None else end,
        )

    def slide(self, name: str, steps: int) -> None:
        """Move a slider by so many steps with the arrow keys."""
        self.see(name).send_keys((Keys.ARROW_RIGHT if steps > 0 else Keys.ARROW_LEFT) * abs(steps))

    @property
    def text(self) -> str:
        return self.see("text").get_property("value")

    @property
    def bars(self) -> list[tuple[str, float]]:
        """Symbols and what the bars say they are drawn with."""
        return self.run(
            "return [...document.querySelectorAll('.chance')].map("
            "(each) => [each.querySelector('.symbol').textContent, Number(each.dataset.share)])"
        )

    def write(self) -> str:
        """Press Write, wait until it has written; returns what it wrote."""
        caret = len(self.text[: self.run("return document.getElementById('text').selectionEnd")])
        self.click("write")
        self.until_written()
        return self.text[caret:]

    def until_written(self) -> None:
        """Wait until the page stands still after writing."""
        self.until(lambda: self.see("write").text == "Write" and self.see("pace").text, "it has written")
        self.settled()

    def settled(self) -> None:
        """Wait until the panel of the next symbol has followed the caret."""
        self.run("return 0")
        before, still = None, 0

        def stands() -> bool:
            nonlocal before, still
            now = (self.bars, self.see("where").text, self.see("sums").text)
            still = still + 1 if now == before else 0
            before = now
            return still >= 2

        self.until(stands, "the page stands still")

    def until(self, condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
        """What a condition finds, as soon as it finds something; the page may change under it as it looks."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            with contextlib.suppress(StaleElementReferenceException):
                if found := condition():
                    return found
            time.sleep(0.03)
        notice = self.run("return document.getElementById('notice')?.textContent")
        raise AssertionError(f"not within {patience:.0f} s: {what} (the page says {notice!r})")

    def forget(self) -> None:
        """What was logged so far is of no interest."""
        for kind in ("browser", "performance"):
            self.browser.get_log(kind)

    def faults(self, allowed: str) -> list[str]:
        """Errors of the console, and requests to anything but what is allowed."""
        found = [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"]
        for entry in self.browser.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                if not url.startswith((allowed, "blob:", "data:", "about:")):
                    found.append(f"a request to {url}")
        return found

    def violations(self) -> list[str]:
        """What axe-core finds of level serious or worse."""
        if not AXE.exists():
            missing("axe-core (npm ci)")
        self.run(AXE.read_text(encoding="utf-8"))
        self.run("for (const each of document.getAnimations()) each.finish();")
        result = self.browser.execute_async_script(
            "const done = arguments[0]; axe.run(document, { preload: false, resultTypes: ['violations'] }).then("
            "(found) => done(found.violations.map((each) => [each.impact, each.id, each.nodes.map((x) => x.html)])),"
            "(error) => done([['critical', String(error), []]]));"
        )
        return [
            f"{impact}: {name} {nodes[:3]}"
            for impact, name, nodes in result
            if impact in ("serious", "critical")
        ]

    def at_phone_width(self) -> None:
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)

    def at_desk_width(self) -> None:
        self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def leave(self) -> None:
        try:
            self.browser.quit()
        except WebDriverException:
            return
