# SPDX-License-Identifier: Apache-2.0
"""Bulk synchronous parallel: every worker waits for all others, and everything is sent each time."""

import rog


class BSP(rog.Strategy):
    summary = "bulk synchronous parallel: all workers wait for each other in every iteration"
    threshold_help = "BSP has no staleness: the threshold is 0"

    def admit(self, view, admission):
        self.wait_beyond(view, 0, admission.needed)

    def staleness_bound(self):
        return 0

    def least_share(self):
        return 1
