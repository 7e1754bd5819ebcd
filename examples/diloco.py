# SPDX-License-Identifier: Apache-2.0
"""DiLoCo (Douillard et al., arXiv:2311.08105) in PyTorch: each worker makes 20 local steps of
AdamW, then the server makes one step with Nesterov's momentum. A network learns on which of two
rings a point lies:

    (umask 077; head -c 32 /dev/urandom >key)
    rog-trainer serve --workers 2 --library BSP --compression none --contribution delta \\
        --server-optimizer nesterov --key-file key --listen :7400 --out run &
    python3 diloco.py localhost:7400 key 1 2 & python3 diloco.py localhost:7400 key 2 2
"""
import sys

import torch

import rog

server, key, rank, workers = sys.argv[1:5]
torch.manual_seed(int(rank))
model = torch.nn.Sequential(torch.nn.Linear(2, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))
adamw = torch.optim.AdamW(model.parameters(), lr=0.01)
optimizer = rog.LocalOptimizer(adamw, every=20, model=model, server=server, key_file=key,
                               rank=int(rank), workers=int(workers), strategy="bsp",
                               compression="none")
right = 0
for step in range(1, 401):
    outer = torch.randint(2, (64, 1)).float()
    angle = 6.2831853 * torch.rand(64, 1)
    radius = 0.5 + outer + 0.3 * (torch.rand(64, 1) - 0.5)
    score = model(torch.cat([radius * angle.cos(), radius * angle.sin()], 1))
    loss = torch.nn.functional.binary_cross_entropy_with_logits(score, outer)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step(loss=loss.item())
    right += ((score > 0) == (outer > 0.5)).sum().item()
    if step % 100 == 0:
        print("step %d, exchange %d: %.1f%% right" % (step, optimizer.iteration, right / 64))
        right = 0
optimizer.finish()
