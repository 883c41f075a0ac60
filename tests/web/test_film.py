"""The animated picture of the documentation: a container of WebP pictures that Chromium plays."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.web.gate import Gate
from tools import film

STILL = """([color, width, height]) => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  context.fillStyle = color;
  context.fillRect(0, 0, width, height);
  return canvas.toDataURL("image/webp", 0.9).split(",")[1];
}"""
PLAYED = """async (data) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const decoder = new ImageDecoder({ type: "image/webp", data: bytes });
  await decoder.tracks.ready;
  const { frameCount } = decoder.tracks.selectedTrack;
  const frames = [];
  for (let frameIndex = 0; frameIndex < frameCount; frameIndex += 1) {
    const { image } = await decoder.decode({ frameIndex });
    frames.push([image.displayWidth, image.displayHeight, image.duration / 1000]);
  }
  return frames;
}"""


@pytest.mark.console("401 (Unauthorized)", "framewire: This address has no token")
def test_chromium_plays_the_pictures_in_order_with_their_times(window: Any, gate: Gate) -> None:
    page = window.new_page()
    page.goto(gate.url)  # WebCodecs need a secure context
    size = [film.WIDTH, film.HEIGHT]
    stills = [base64.b64decode(page.evaluate(STILL, [color, *size])) for color in ("red", "blue", "#0f0")]
    made = film.animation(list(zip(stills, [40, 100, 20], strict=True)))
    assert page.evaluate(PLAYED, base64.b64encode(made).decode()) == [[*size, 40], [*size, 100], [*size, 20]]
    page.close()


def test_pictures_that_come_faster_than_the_rate_are_left_out() -> None:
    frames = [(at / 60, str(at)) for at in range(60)]
    kept = film.paced(frames, 15, 1.0)
    assert [data for data, _ in kept][:3] == ["0", "4", "8"]
    assert sum(ms for _, ms in kept) == pytest.approx(1_000, abs=len(kept))


def test_a_file_without_a_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a WebP picture"):
        film.picture(b"RIFF\x04\0\0\0WEBP")
