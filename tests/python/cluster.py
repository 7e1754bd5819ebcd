# SPDX-License-Identifier: Apache-2.0
"""For tests of the Python package: a server, and workers in threads of this process."""

import os
import subprocess
import sys
import tempfile
import threading
import time

SOURCE, BUILD = os.environ["ROG_SOURCE"], os.environ["ROG_BUILD"]
os.environ.setdefault("ROG_LIBRARY", os.path.join(BUILD, "lib", "librog.so.0"))
sys.path.insert(0, os.path.join(SOURCE, "python"))

try:
    import torch
except ImportError as cause:
    print("skipped: %s (package python3-torch)" % cause)
    sys.exit(77)
torch.set_num_threads(1)

import rog  # noqa: E402


class Server:
    """rog-trainer serve for this number of workers, until the `with` ends."""

    def __init__(self, workers=1, library="BSP", compression="none", *options):
        self.workers = workers
        self.how = {"strategy": library, "compression": compression, "workers": workers}
        self.folder = tempfile.TemporaryDirectory()
        self.out = os.path.join(self.folder.name, "run")
        self.key = os.path.join(self.folder.name, "key")
        with open(os.open(self.key, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(os.urandom(32))
        port = os.path.join(self.folder.name, "port")
        self.log = open(os.path.join(self.folder.name, "log"), "w+")
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "bin", "rog-trainer"), "serve", "--workers", str(workers),
             "--library", library, "--compression", compression, "--key-file", self.key,
             "--listen", "127.0.0.1:0", "--port-file", port, "--out", self.out, *options],
            stdout=self.log, stderr=self.log)
        while not (os.path.exists(port) and os.path.getsize(port)):
            if self.process.poll() is not None:
                self.log.seek(0)
                raise AssertionError("the server ended: " + self.log.read())
            time.sleep(0.01)
        with open(port) as file:
            self.address = "127.0.0.1:" + file.read().strip()

    def optimizer(self, params, rank=1, **more):
        given = dict(self.how, server=self.address, key_file=self.key, rank=rank)
        return rog.Optimizer(params, **dict(given, **more))

    def checkpoints(self):
        folder = os.path.join(self.out, "chkpt")
        return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        if kind is not None:
            self.process.kill()
        self.process.wait()
        self.log.close()
        self.folder.cleanup()


def together(*jobs):
    """Calls all jobs in parallel, in threads; returns their results, including exceptions."""
    results = [None] * len(jobs)

    def run(index):
        try:
            results[index] = jobs[index]()
        except Exception as cause:  # checked by the test
            results[index] = cause

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
