# SPDX-License-Identifier: Apache-2.0
"""Stale synchronous parallel (Ho et al., NIPS 2013): a worker is at most S iterations ahead of the
slowest one; everything is sent each time. With an infinite threshold no worker waits (ASP)."""

import rog


class SSP(rog.Strategy):
    summary = "stale synchronous parallel: at most S iterations ahead of the slowest worker"
    threshold_min = 0
    threshold_max = rog.INFINITE
    threshold_default = 4
    threshold_help = ("S: how many iterations a worker may be ahead of the slowest; inf: unlimited "
                      "(asynchronous, ASP)")

    def admit(self, view, admission):
        self.wait_beyond(view, self.config.threshold, admission.needed)

    def staleness_bound(self):
        return None if self.config.threshold == rog.INFINITE else self.config.threshold

    def least_share(self):
        return 1
