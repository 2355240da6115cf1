"""A picture into an answer, in a real Chromium: chosen, pasted, and refused in words."""

import io
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import FilePayload, Page, expect

from tests.browser.newsroom import Newsroom

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
PASTE = """async ([name, type]) => {
  const canvas = new OffscreenCanvas(40, 30);
  canvas.getContext('2d').fillRect(5, 5, 20, 10);
  const data = new DataTransfer();
  data.items.add(new File([await canvas.convertToBlob({ type: 'image/png' })], name, { type }));
  document.getElementById('answer').dispatchEvent(
    new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def photo() -> FilePayload:
    target = io.BytesIO()
    Image.new("RGB", (320, 200), (20, 120, 90)).save(target, "JPEG")
    return {"name": "../../x.php", "mimeType": "image/jpeg", "buffer": target.getvalue()}


async def put(page: Page, file: FilePayload) -> None:
    async with page.expect_file_chooser() as chooser:
        await page.locator("#put-picture").click()
    await (await chooser.value).set_files(files=[file])


@pytest.mark.parametrize("wishes", [{}, PHONE], ids=["desk", "phone"])
async def test_a_picture_is_put_where_the_caret_is_and_waits_for_its_words(
    newsroom: Newsroom, wishes: dict[str, Any]
) -> None:
    page = await newsroom.page(newsroom.cast.li, "/console/knowledge/new", **wishes)
    answer = page.locator("#answer")
    await answer.fill("看图：")
    await put(page, photo())
    await expect(page.locator("#toasts")).to_contain_text("图片已放入答案")
    await page.keyboard.type("充电口在左后侧")
    written = await answer.input_value()
    assert written.startswith("看图：![充电口在左后侧](/media/")
    assert written.endswith("-320x200.jpg)")
    picture = page.locator("#preview img")
    await expect(picture).to_have_attribute("alt", "充电口在左后侧")
    await expect(picture).to_have_attribute("width", "320")


async def test_a_picture_is_pasted(newsroom: Newsroom) -> None:
    page = await newsroom.page(newsroom.cast.li, "/console/knowledge/new")
    await page.locator("#answer").focus()
    await page.evaluate(PASTE, ["x.png", "image/png"])
    await expect(page.locator("#preview img")).to_have_attribute("width", "40")


async def test_what_is_no_picture_is_refused_and_nothing_is_written(newsroom: Newsroom) -> None:
    page = await newsroom.page(newsroom.cast.li, "/console/knowledge/new")
    await put(page, {"name": "x.png", "mimeType": "image/png", "buffer": b"<svg onload=alert(1)>"})
    await expect(page.locator("#toasts")).to_contain_text("不是 PNG、JPEG、WebP 或 GIF 图片")
    await page.evaluate(PASTE, ["x.svg", "image/svg+xml"])
    await expect(page.locator("#toasts")).to_contain_text("只能放 PNG、JPEG、WebP 或 GIF 图片")
    assert await page.locator("#answer").input_value() == ""
