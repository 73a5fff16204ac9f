"""The pictures of docs/gallery.md: trains a small model of each text, opens the page in Chromium and takes them.

    python benchmarks/gallery.py [--data FOLDER] [--models FOLDER] [--output FOLDER] [NAME ...]

A model that is in --models already is not trained again. Needs Chromium with its driver, a font that has Chinese, and
selenium and pillow (both come with the dev dependencies).
"""

import argparse
import io
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from riverrun.page.serving import PageServer

ROOT = Path(__file__).parents[1]
DESK = (1240, 900)
TALL = (1240, 1080)
PHONE = (390, 844)
COLOURS = 240  # of a picture: a third of the bytes of all colours
TRAINING = {
    "nietzsche": ["nietzsche.txt", "--minutes", "1", "--model.hidden", "256"],
    "luxun": ["luxun.txt", "--minutes", "7", "--model.hidden", "256", "--model.embedding", "128"],
    "dutch": ["g2p/dut_train.tsv", "--data.validation", "g2p/dut_dev.tsv", "--minutes", "1"],
    "french": ["eng-fra.tsv", "--minutes", "4", "--model.hidden", "128"],
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(TRAINING)} (default: all)")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--models", type=Path, default=ROOT / ".bench" / "gallery")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "gallery")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for name in options.names or TRAINING:
        model = options.models / name
        if not (model / "manifest.json").exists():
            train(name, model, options.data)
        for number, (scene, size, dark) in enumerate(SCENES[name], 1):
            picture = options.output / f"{name}-{number}.png"
            take(model, scene, size, dark, picture)
            print(f"{picture}: {picture.stat().st_size:,} bytes")


def train(name: str, model: Path, data: Path) -> None:
    """Run ``riverrun train`` with the arguments that docs/gallery.md names."""
    arguments = [str(data / each) if each.endswith((".txt", ".tsv")) else each for each in TRAINING[name]]
    command = [
        sys.executable,
        "-m",
        "riverrun.cli.main",
        "train",
        *arguments,
        "-o",
        str(model),
        "--overwrite",
    ]
    subprocess.run(command, check=True)


def take(
    model: Path, scene: Callable[["Visitor"], None], size: tuple[int, int], dark: bool, picture: Path
) -> None:
    """Open the page of a model, do what a scene says, and save what is seen."""
    with PageServer([model], 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        visitor = Visitor(server.url, size, dark)
        try:
            scene(visitor)
            picture.write_bytes(visitor.picture())
        finally:
            visitor.browser.quit()
            server.shutdown()


class Visitor:
    """A browser at the page."""

    def __init__(self, address: str, size: tuple[int, int], dark: bool) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or "chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
            options.add_argument(argument)
        service = webdriver.ChromeService(shutil.which("chromedriver") or "chromedriver")
        self.browser = webdriver.Chrome(options=options, service=service)
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        self.browser.get(address)
        self.until("return document.documentElement.dataset.ready")

    def see(self, name: str):
        return self.browser.find_element(By.ID, name)

    def until(self, script: str) -> None:
        """Wait until a script answers true."""
        end = time.monotonic() + 60
        while not self.browser.execute_script(script):
            if time.monotonic() > end:
                raise TimeoutError(script)
            time.sleep(0.05)

    def click(self, name: str) -> None:
        self.browser.execute_script("document.getElementById(arguments[0]).click()", name)
        time.sleep(0.3)

    def set_seed(self, seed: int) -> None:
        self.see("seed").clear()
        self.see("seed").send_keys(str(seed))

    def write(self) -> None:
        self.click("write")
        self.until("return document.getElementById('write').textContent === 'Write'")
        time.sleep(0.5)

    def mark(self, start: int, end: int) -> None:
        self.browser.execute_script(
            "const area = document.getElementById('text'); area.focus(); area.setSelectionRange(...arguments);",
            start,
            end,
        )
        time.sleep(0.4)

    def hover(self, selector: str) -> None:
        element = self.browser.find_element(By.CSS_SELECTOR, selector)
        ActionChains(self.browser).move_to_element(element).perform()
        time.sleep(0.2)

    def picture(self) -> bytes:
        """A PNG of few colours."""
        self.browser.execute_script("scrollTo(0, 0)")
        time.sleep(0.3)
        image = Image.open(io.BytesIO(self.browser.get_screenshot_as_png())).convert("RGB")
        stream = io.BytesIO()
        image.quantize(COLOURS, dither=Image.Dither.NONE).save(stream, "PNG", optimize=True)
        return stream.getvalue()


def branches(prompt: str, seed: int, place: int) -> Callable[[Visitor], None]:
    """Write, go back, take another symbol, write again."""

    def scene(visitor: Visitor) -> None:
        visitor.see("text").send_keys(prompt)
        visitor.set_seed(seed)
        visitor.write()
        visitor.mark(place, place)
        visitor.browser.find_element(By.CSS_SELECTOR, "#chances li:nth-child(3) button").click()
        time.sleep(0.4)
        visitor.write()
        visitor.mark(place + 30, place + 30)

    return scene


def units(prompt: str, seed: int, start: int, end: int) -> Callable[[Visitor], None]:
    """Find a unit that switches on in a stretch."""

    def scene(visitor: Visitor) -> None:
        visitor.see("text").send_keys(prompt)
        visitor.set_seed(seed)
        visitor.write()
        visitor.click("tab-units")
        visitor.mark(start, end)
        visitor.click("find")

    return scene


def temperatures(prompt: str, seed: int) -> Callable[[Visitor], None]:
    def scene(visitor: Visitor) -> None:
        visitor.see("text").send_keys(prompt)
        visitor.set_seed(seed)
        visitor.click("tab-heats")
        visitor.click("heat-write")
        visitor.until("return document.querySelectorAll('#heat-columns button:enabled').length === 4")

    return scene


def writing(prompt: str, seed: int) -> Callable[[Visitor], None]:
    def scene(visitor: Visitor) -> None:
        visitor.see("text").send_keys(prompt)
        visitor.set_seed(seed)
        visitor.write()

    return scene


def translation(source: str, symbol: int) -> Callable[[Visitor], None]:
    """Type a source and point at a symbol of the output."""

    def scene(visitor: Visitor) -> None:
        visitor.see("source").send_keys(source)
        visitor.until("return document.querySelectorAll('#outputs .words').length > 1")
        time.sleep(1)
        visitor.hover(f"#links .line:nth-child(2) .linked:nth-child({symbol})")

    return scene


SCENES = {
    "nietzsche": [
        (branches("The spirit of ", 11, 60), DESK, False),
        (units("The spirit of ", 11, 20, 30), TALL, True),
        (temperatures("What is great in man is ", 5), TALL, False),
        (writing("Man is ", 3), PHONE, False),
    ],
    "luxun": [(branches("我在朦胧中，眼前展开", 2, 30), DESK, False)],
    "dutch": [(translation("fietsenmaker", 6), TALL, False)],
    "french": [(translation("I am very happy.", 10), TALL, False)],
}


if __name__ == "__main__":
    main()
