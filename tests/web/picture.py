"""Reading the pixels of a screenshot. The browser decodes it: in Python that takes seconds."""

from __future__ import annotations

import base64
from typing import Any

DECODED = """async (png) => {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: "none" });
  const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  context.drawImage(picture, 0, 0);
  const { data } = context.getImageData(0, 0, picture.width, picture.height);
  let text = "";
  for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
  return [picture.width, picture.height, btoa(text)];
}"""


def pixels(page: Any, png: bytes) -> tuple[int, int, bytes]:
    """Return width, height, and the pixels row by row: red, green, blue, alpha. Any page of the browser will do."""
    width, height, data = page.evaluate(DECODED, base64.b64encode(png).decode())
    return width, height, base64.b64decode(data)


def opaque_share(page: Any, png: bytes) -> float:
    """Return the share of pixels that are not wholly transparent."""
    width, height, data = pixels(page, png)
    return sum(alpha > 0 for alpha in data[3::4]) / (width * height)
