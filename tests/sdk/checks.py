"""What both drivers need: one line per check, and a status that says whether all held."""

import sys
import time

import requests

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


class Checks:
    """Counts what held and what did not."""

    def __init__(self):
        self.failed = 0

    def that(self, sentence, held, detail=""):
        print(("ok    " if held else "FAIL  ") + sentence + (f": {detail}" if not held else ""), flush=True)
        self.failed += not held

    def equal(self, sentence, actual, expected):
        self.that(sentence, actual == expected, f"{actual!r} is not {expected!r}")

    def finish(self):
        sys.exit(1 if self.failed else 0)


class Sandbox:
    """The control interface."""

    def __init__(self, base):
        self.base = base.rstrip("/")

    def post(self, path, **body):
        return requests.post(f"{self.base}/_control/{path}", json=body, timeout=30).json()

    def state(self):
        return requests.get(f"{self.base}/_control/state", timeout=10).json()

    def log(self, after=0):
        url = f"{self.base}/_control/log"
        return requests.get(url, params={"after": after}, timeout=10).json()["entries"]


def eventually(look, seconds=10):
    """Waits until `look` gives something true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    return look()
