# SPDX-License-Identifier: Apache-2.0
"""A GRU (Cho et al., EMNLP 2014) that predicts bandwidth: from the past bandwidth of a link it
predicts the future one. Each worker learns from the recording of the link over which it trains.

gru.conf sweeps it: traces from files. `options` of the experiment file: width (64), past (30
values), ahead (15: how many values later the predicted one is) and period (2 s from one value to
the next). The test prints the mean error over the last fifth of every recording, which no worker
has seen, and the error of predicting that the bandwidth stays as it is.
"""
import torch
from torch import nn
from torch.nn import functional as F

import rog


class GRU(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gru = nn.GRU(1, width, num_layers=2, batch_first=True)
        self.head = nn.Linear(width, 1)

    def forward(self, x):
        """The future bandwidth from the past, both in 100 Mbit/s."""
        states, _ = self.gru(x.unsqueeze(2))
        return self.head(states[:, -1]).squeeze(1)


def series(path, period):
    """A recording (seconds,mbps; a value holds until the next) at equal intervals, in 100 Mbit/s."""
    with open(path, encoding="utf-8") as file:
        rows = torch.tensor([[float(cell) for cell in line.split(",")] for line in list(file)[1:]])
    times = torch.arange(0, float(rows[-1, 0]), period)
    return rows[torch.searchsorted(rows[:, 0].contiguous(), times, right=True) - 1, 1] / 100


def windows(values):
    """Pieces of the series, and the value `ahead` of each."""
    return values.unfold(0, past + ahead, 1)[:, :past], values[past + ahead - 1:]


run = rog.from_env()
past, ahead = run.options.get("past", 30), run.options.get("ahead", 15)
period = run.options.get("period", 2.0)
torch.manual_seed(run.seed)
model = GRU(run.options.get("width", 64))

if run.checkpoint:  # what `test` of the experiment file is run for
    model.load_state_dict(rog.load(run.checkpoint))
    errors, same = [], []
    for worker in run.settings["workers"]:
        values = series(worker["trace"], period)
        x, y = windows(values[-len(values) // 5:])
        with torch.no_grad():
            errors.append((model(x) - y).abs().mean())
            same.append((x[:, -1] - y).abs().mean())
    print("%.3f (if it stayed: %.3f)" % (100 * sum(errors) / len(errors), 100 * sum(same) / len(same)))
    raise SystemExit

values = series(run.worker["trace"], period)
x, y = windows(values[:-len(values) // 5])
adam = torch.optim.Adam(model.parameters(), lr=run.settings["learning_rate"])
optimizer = rog.LocalOptimizer(adam, model=model, **run)
torch.manual_seed(1000 * run.seed + run.rank)
optimizer.keep()
while not optimizer.over:
    pick = torch.randint(len(y), (run.worker["batch"],))
    loss = F.l1_loss(model(x[pick]), y[pick])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step(loss=loss.item())
optimizer.finish()
