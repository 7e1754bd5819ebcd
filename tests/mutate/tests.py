# SPDX-License-Identifier: Apache-2.0
"""The tests of a build, as ctest lists them, run for a mutant."""
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time

# They check sources, documents or programs, but not their behaviour.
STRUCTURE = re.compile(r"system/(boundaries|one-place|purposes|docs|words|man-page|packages|site|latex|tutorials)$")
MEMORY_BYTES, FILE_BYTES = 8 << 30, 1 << 30  # a mutant may ask for anything


class Test:
    """command, environment, folder: from ctest. digest: of the files in its command."""

    def __init__(self, listed):
        properties = {p["name"]: p["value"] for p in listed.get("properties", [])}
        self.name, self.command = listed["name"], listed["command"]
        self.environment = dict(v.split("=", 1) for v in properties.get("ENVIRONMENT", []))
        self.folder = properties.get("WORKING_DIRECTORY")
        self.skip = properties.get("SKIP_RETURN_CODE", -1)
        self.alone = bool(properties.get("RUN_SERIAL") or properties.get("RESOURCE_LOCK"))
        digest = hashlib.sha256()
        for word in self.command:
            if os.path.isfile(word):
                with open(word, "rb") as file:
                    digest.update(file.read())
        self.digest = digest.hexdigest()[:12]

    def run(self, limit_s, mutant=None, reached=None):
        """Returns 'passed', 'skipped', 'failed', or 'hung' if it exceeded the limit; and the seconds."""
        token = f"ROG_MUTATE_RUN={os.getpid()}.{time.monotonic_ns()}"
        folder = tempfile.mkdtemp(prefix="rog-mutate-")
        environment = dict(os.environ, TMPDIR=folder, **self.environment)
        environment.update([token.split("=")])
        for name, value in (("ROG_MUTANT", mutant), ("ROG_MUTANT_REACHED", reached)):
            environment.pop(name, None)
            if value is not None:
                environment[name] = str(value)
        began = time.monotonic()
        with open(f"{folder}/output", "wb") as output:
            process = subprocess.Popen(self.command, env=environment, cwd=self.folder, stdout=output,
                                       stderr=output, stdin=subprocess.DEVNULL, start_new_session=True,
                                       preexec_fn=limits)
            try:
                code = process.wait(limit_s)
                result = "passed" if code == 0 else "skipped" if code == self.skip else "failed"
            except subprocess.TimeoutExpired:
                result = "hung"
        took_s = time.monotonic() - began
        end_all(token.encode(), process)
        shutil.rmtree(folder, ignore_errors=True)
        return result, took_s


def limits():
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def end_all(token, process):
    """Ends the processes of a run of a test in any session, which have its token."""
    for _ in range(3):
        left = 0
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    if token in file.read().split(b"\0"):
                        os.kill(int(pid), signal.SIGKILL)
                        left += 1
            except OSError:
                pass
        if not left:
            break
    process.wait()


def listed(build):
    """All tests of the build."""
    text = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True,
                          stdout=subprocess.PIPE).stdout
    return [Test(t) for t in json.loads(text)["tests"] if "command" in t]


def left_out(test, pattern):
    """The reason why the test is not used; None: it is used."""
    if not re.search(pattern, test.name):
        return "not asked for"
    if test.alone:
        return "has to run alone"
    if any(word.endswith("in-own-lab") for word in test.command) or test.name == "system/slurm":
        return "needs a lab or Slurm"
    return "looks at the sources" if STRUCTURE.search(test.name) else None
