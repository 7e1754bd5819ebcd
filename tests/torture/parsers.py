#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
The fuzzers of tests/unit with ASan and UBSan, each with inputs for a short time, and other seeds each
time: on a fault they end by a signal or a sanitizer's report.
"""
import os
import re
import sys

from attempts import SANITIZED, Kind

# Name, inputs per call; fuzzers with several targets make as many for each.
FUZZERS = [("controller_fuzz", 100), ("trainer_fuzz", 150), ("event_fuzz", 500), ("frame_fuzz", 2000),
           ("unpack_fuzz", 150), ("state_fuzz", 8)]
# The counts in a line of their output.
COUNTED = re.compile(rb"(\d+) inputs|(\d+) refused, (\d+) went on")


def attempt(kind, rng):
    for fuzzer, inputs in FUZZERS:
        command = [os.path.join(SANITIZED, "tests", fuzzer), str(inputs), str(rng.randrange(10**9))]
        result = kind.run(command, env={"ROG_PLUGIN_PATH": os.path.join(SANITIZED, "lib/rog/plugins")})
        kind.count(sum(int(number) for found in COUNTED.findall(result.out) for number in found if number))
        if result.status != 0:
            kind.problem("hung" if result.status is None else "crashed",
                         "status %s of: %s" % (result.status, " ".join(command)), result)


if __name__ == "__main__":
    sys.exit(Kind("parsers", ["hostile-inputs-to-parsers"]).main(attempt, build=SANITIZED))
