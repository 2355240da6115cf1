"""The README's pictures, taken by the tests that come by what they show."""

import io

from PIL import Image
from playwright.async_api import Page

from tests.journeys.program import ROOT

PICTURES = ROOT / "docs" / "pictures"
SHOWN = ("widget", "widget-phone", "queue", "ticket", "help", "alert", "due", "policy", "receipt")


class Camera:
    """Takes the README's pictures when asked to; looks away otherwise."""

    def __init__(self, on: bool, device: str = "desk") -> None:
        self._on = on
        self._suffix = "" if device == "desk" else "-phone"

    async def take(self, page: Page, name: str) -> None:
        if self._on and f"{name}{self._suffix}" in SHOWN:
            taken = Image.open(io.BytesIO(await page.screenshot()))
            # Of a page 256 colours are enough, and a third of the bytes.
            taken.convert("RGB").quantize(256, kmeans=2).save(PICTURES / f"{name}{self._suffix}.png", optimize=True)
