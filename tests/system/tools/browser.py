# SPDX-License-Identifier: Apache-2.0
"""Drives a headless Chromium over a pair of pipes with the DevTools protocol: user input (pointer, keys,
sizes, colour schemes), and reading the page (texts, console, screenshots)."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time

KEYS = {"Enter": 13, "Tab": 9, "Escape": 27, "Backspace": 8, "Home": 36, "End": 35, "ArrowLeft": 37,
        "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "PageDown": 34, "PageUp": 33, " ": 32}
TEXTS = {"Enter": "\r", " ": " "}
PATIENCE_S = float(os.environ.get('PATIENCE', 120))  # limit for a condition, on a slow machine


class Failed(Exception):
    """The page is not as expected."""


def find():
    """The browser's path, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """A browser with a page. `faults`: errors on the console, including violations of the content
    security policy, and exceptions of scripts."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="browser-")
        to_child, self.write_end = os.pipe()
        self.read_end, from_child = os.pipe()
        command = [find(), "--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--no-first-run",
                   "--disable-extensions", "--disable-background-networking", "--disable-sync",
                   "--disable-component-update", "--force-device-scale-factor=1", "--hide-scrollbars",
                   "--disable-dev-shm-usage", "--user-data-dir=" + self.folder]
        if os.geteuid() == 0:
            command.append("--no-sandbox")
        # The browser reads commands from descriptor 3 and writes answers to 4.
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", 'exec "$@" 3<&%d 4>&%d' % (to_child, from_child), "sh", *command, "about:blank"],
            pass_fds=(to_child, from_child), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, "HOME": self.folder})
        os.close(to_child)
        os.close(from_child)
        self.rest, self.serial, self.session, self.faults = b"", 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "DOM", "Accessibility", "Network"):
            self.call(domain + ".enable")
        self.size(1280, 900)

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.read_end)
        os.close(self.write_end)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def call(self, method, **params):
        self.serial += 1
        message = {"id": self.serial, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self.serial:
                if "error" in answer:
                    raise Failed("%s: %s" % (method, answer["error"]["message"]))
                return answer["result"]
            self._note(answer)

    def _receive(self):
        while b"\0" not in self.rest:
            part = os.read(self.read_end, 1 << 20)
            if not part:
                raise Failed("the browser has ended")
            self.rest += part
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def _note(self, event):
        params = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.faults.append(details.get("exception", {}).get("description") or details["text"])
        elif event.get("method") == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
            self.faults.append(" ".join(str(arg.get("value", "")) for arg in params["args"]))
        elif event.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.faults.append("%s %s" % (params["entry"]["text"], params["entry"].get("url", "")))

    # ---- reading the page ----

    def run(self, script):
        """Returns the value of a JavaScript expression; waits if it is a promise."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise Failed("%s: %s" % (script, answer["exceptionDetails"]["exception"].get("description")))
        return answer["result"].get("value")

    def until(self, condition, what=None, patience=PATIENCE_S):
        """Waits for a JavaScript expression to become true; returns its value."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            value = self.run(condition)
            if value not in (None, False, 0, ""):  # an element is an empty object here
                return value
            time.sleep(0.05)
        raise Failed("never true: %s\n%s" % (what or condition, self.run("document.body.innerText")[:3000]))

    def text(self, selector="body"):
        return self.run("document.querySelector(%s)?.innerText ?? ''" % json.dumps(selector))

    def picture(self, path, whole=True):
        """Saves a screenshot of the whole page, or of the window; PNG or WebP according to the path."""
        clip = {}
        if whole:
            box = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": box["width"],
                    "height": box["height"], "scale": 1}}
        quality = {"format": "webp", "quality": 85} if path.endswith(".webp") else {"format": "png"}
        data = self.call("Page.captureScreenshot", **quality, **clip)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    # ---- user input ----

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 700)

    def prefer(self, scheme="light", motion="no-preference"):
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": motion}])

    def go(self, url):
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def place(self, selector):
        """Scrolls an element into view and returns its centre."""
        box = self.until("""(() => {
            const element = document.querySelector(%s);
            if (!element) return null;
            element.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
            const box = element.getBoundingClientRect();
            return box.width ? [box.left, box.top, box.width, box.height] : null;
        })()""" % json.dumps(selector), "there is " + selector)
        return box[0] + box[2] / 2, box[1] + box[3] / 2, box

    def pointer(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, selector):
        x, y, _ = self.place(selector)
        self.pointer("mouseMoved", x, y)
        self.pointer("mousePressed", x, y, button="left", clickCount=1)
        self.pointer("mouseReleased", x, y, button="left", clickCount=1)

    def drag(self, selector, begin, end):
        """Drags across an element, from one share of its width to another."""
        _, y, box = self.place(selector)
        x = [box[0] + box[2] * share for share in (begin, (begin + end) / 2, end)]
        self.pointer("mouseMoved", x[0], y)
        self.pointer("mousePressed", x[0], y, button="left", clickCount=1)
        for at in x[1:]:
            self.pointer("mouseMoved", at, y, button="left", buttons=1)
        self.pointer("mouseReleased", x[2], y, button="left", clickCount=1)

    def key(self, name, times=1, shift=False):
        for _ in range(times):
            code = {"key": name, "code": name, "windowsVirtualKeyCode": KEYS.get(name) or ord(name.upper()),
                    "modifiers": 8 if shift else 0}
            text = TEXTS.get(name, name if len(name) == 1 else None)
            self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown",
                      **code, **({"text": text} if text else {}))
            self.call("Input.dispatchKeyEvent", type="keyUp", **code)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def choose(self, selector, value):
        """Selects an option of a <select> like a user."""
        self.until("document.querySelector(%s)" % json.dumps(selector))
        self.run("""(() => {
            const element = document.querySelector(%s);
            element.value = %s;
            element.dispatchEvent(new Event("change", {bubbles: true}));
        })()""" % (json.dumps(selector), json.dumps(value)))

    def back(self):
        self.run("history.back()")
