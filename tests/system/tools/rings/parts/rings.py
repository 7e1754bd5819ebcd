# SPDX-License-Identifier: Apache-2.0
"""Points on two rings, with the ring of each as its label."""
import torch

def points(generator, count):
    outer = torch.randint(2, (count,), generator=generator)
    angle = 6.2832 * torch.rand(count, generator=generator)
    radius = 0.5 + outer + 0.3 * (torch.rand(count, generator=generator) - 0.5)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1), outer
