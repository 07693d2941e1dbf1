# SPDX-License-Identifier: Apache-2.0
"""As much of WebDriver (W3C, 2018) as the tests of pages need: a headless Chromium that types and clicks."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    """A window."""

    def __init__(self, address: str) -> None:
        self._address = address

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if method == "GET" else json.dumps(body or {}).encode()
        request = urllib.request.Request(
            f"{self._address}{path}", data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def open(self, url: str) -> None:
        self.call("POST", "/url", {"url": url})

    def script(self, text: str, *arguments: Any) -> Any:
        return self.call("POST", "/execute/sync", {"script": text, "args": list(arguments)})

    def find(self, css: str) -> str:
        return self.call("POST", "/element", {"using": "css selector", "value": css})[_ELEMENT]

    def type(self, css: str, text: str) -> None:
        self.call("POST", f"/element/{self.find(css)}/value", {"text": text})

    def click(self, css: str) -> None:
        self.call("POST", f"/element/{self.find(css)}/click")

    def press(self, text: str) -> None:
        """Clicks the button with a text."""
        assert self.script(
            "const found = [...document.querySelectorAll('button')].find((one) => one.textContent === arguments[0]); found?.click(); return Boolean(found)",
            text,
        ), text

    def text(self) -> str:
        return self.script("return document.body.innerText")

    def wait(self, text: str, seconds: float = 40.0) -> str:
        until = time.monotonic() + seconds
        while text not in (seen := self.text()):
            assert time.monotonic() < until, f"{text!r} did not come: {seen}"
            time.sleep(0.2)
        return seen

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("GET", "/screenshot")))


@contextmanager
def browser(profile: Path, *, webgl: bool = False) -> Iterator[Browser]:
    """A Chromium of one's own, with WebGL in software on request; the test is skipped where there is none."""
    driver, chromium = (
        shutil.which("chromedriver"),
        shutil.which("chromium") or shutil.which("chromium-browser"),
    )
    if not driver or not chromium:
        pytest.skip("Chromium with its driver is not installed (Debian: chromium, chromium-driver)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        home = Browser(f"http://127.0.0.1:{port}")
        flags = [
            "--headless=new",
            "--no-sandbox",
            *(["--use-angle=swiftshader", "--enable-unsafe-swiftshader"] if webgl else ["--disable-gpu"]),
            "--no-first-run",
            "--disable-background-networking",
            "--hide-scrollbars",
            "--window-size=1100,1000",
            f"--user-data-dir={profile}",
        ]
        options = {"binary": chromium, "args": flags}
        for _ in range(100):
            try:
                session = home.call(
                    "POST",
                    "/session",
                    {
                        "capabilities": {
                            "alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}
                        }
                    },
                )
                break
            except OSError:
                time.sleep(0.1)
        window = Browser(f"http://127.0.0.1:{port}/session/{session['sessionId']}")
        try:
            yield window
        finally:
            window.call("DELETE", "")
    finally:
        process.terminate()
        process.wait(10)
