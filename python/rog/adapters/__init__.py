# SPDX-License-Identifier: Apache-2.0
"""Strategies of other frameworks as workers of a virtual cluster (docs/other-frameworks.md).

    rog.adapters.exogym    strategies of EXO Gym, and others that call torch.distributed
    rog.adapters.flower    strategies of Flower (flwr.server.strategy.Strategy)

The frameworks' strategies run unchanged and decide which worker gets what. Their values are passed
in Python between the workers, which are all in one process (setting workers_per_process); the
simulation gets the number of bytes and delays them by the workers' links.
"""
