# SPDX-License-Identifier: Apache-2.0
"""Compares what codecs of whole tensors send with short programs written from the papers.

    tensors.py CODEC_PROGRAM

reference-codec (codec.c) encodes a matrix, exchange after exchange, with error feedback. Compared are:
values within TOLERANCE of the largest magnitude; the number of bytes with the comments of
librog/codecs; and the residual, which must be the values minus what was sent.
"""

import json
import struct
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print("skipped: this test needs NumPy (python3-numpy)")
    sys.exit(77)

TOLERANCE = 1e-6
EXCHANGES = 20
M64 = (1 << 64) - 1


def send(program, name, parameters, updates):
    """updates: (exchanges, rows, width). Returns, for each exchange, bytes, decoded values and
    residual."""
    updates = np.ascontiguousarray(updates, dtype="<f4")
    exchanges, rows, width = updates.shape
    output = subprocess.run(
        [program, name, json.dumps(parameters), str(rows * width), str(width), "0"],
        input=updates.tobytes(), stdout=subprocess.PIPE, check=True).stdout
    at = 0
    for _ in range(exchanges):
        size, = struct.unpack_from("<I", output, at)
        row = output[at + 4:at + 4 + size]
        at += 4 + size
        said, left = np.frombuffer(output, "<f4", 2 * rows * width, at).reshape(2, rows, width)
        at += said.nbytes + left.nbytes
        yield row, said, left
    assert at == len(output)


# ---- DeMo: Peng, Quesnelle, Kingma, arXiv:2411.19870 ----

def cosines(n):
    """Returns the matrix of the orthonormal DCT-II."""
    j, i = np.mgrid[:n, :n]
    return np.sqrt(np.where(j == 0, 1, 2) / n) * np.cos((2 * i + 1) * j * np.pi / (2 * n))


def largest(x, count):
    """Keeps the largest elements of x, and sets others to 0."""
    kept = np.zeros_like(x)
    order = np.argsort(-np.abs(x), kind="stable")[:count]
    kept[order] = x[order]
    return kept


def divisor(n, most):
    return max(d for d in range(1, min(n, most) + 1) if n % d == 0)


def dct_largest(matrix, chunk, k):
    """Keeps the k largest coefficients of each block, transformed back; and returns the blocks'
    size."""
    rows, width = matrix.shape
    h, w = divisor(rows, chunk), divisor(width, chunk)
    of_h, of_w, kept = cosines(h), cosines(w), np.zeros_like(matrix)
    for y in range(0, rows, h):
        for x in range(0, width, w):
            coefficients = of_h @ matrix[y:y + h, x:x + w] @ of_w.T
            few = largest(coefficients.ravel(), k).reshape(h, w)
            kept[y:y + h, x:x + w] = of_h.T @ few @ of_w
    return kept, h * w


def hold_cosines():
    """Compares with SciPy, if it is installed."""
    try:
        from scipy.fft import dct
    except ImportError:
        return
    for n in (1, 2, 3, 9, 48, 64):
        assert np.allclose(cosines(n), dct(np.eye(n), axis=0, norm="ortho"), atol=1e-14)


# ---- PowerSGD: Vogels, Karimireddy, Jaggi, NeurIPS 2019 ----

def splitmix(seed, a, b):
    """rog/random.h"""
    z = (seed + a * 0xd1342543de82ef95 + b * 0x9e3779b97f4a7c15) & M64
    z = ((z ^ z >> 30) * 0xbf58476d1ce4e5b9) & M64
    z = ((z ^ z >> 27) * 0x94d049bb133111eb) & M64
    return z ^ z >> 31


def drawn(seed, width, rank):
    """Returns the initial Q, nearly normal, as drawn by librog/codecs/lowrank.c."""
    return np.array([[sum(splitmix(seed, column, k) >> part & 0xffff for part in (0, 16, 32, 48))
                      - 2 * 0xffff for column in range(rank)] for k in range(width)]) / 2.0 ** 15


def power_step(matrix, q):
    """Computes algorithm 1 for one worker: P and the next Q."""
    p = matrix @ q
    for column in range(p.shape[1]):
        for other in range(column):
            p[:, column] -= (p[:, other] @ p[:, column]) * p[:, other]
        p[:, column] /= np.linalg.norm(p[:, column])
    return p, matrix.T @ p


# ---- comparing the codecs with them ----

def follow(program, name, parameters, shape, rule, rng):
    """rule(matrix, exchange, bytes of the previous exchange) -> what is sent, bytes or None."""
    updates = rng.standard_normal((EXCHANGES, *shape)).astype("f4")
    waiting, worst, before = np.zeros(shape, "f4"), 0.0, None
    for number, (row, said, left) in enumerate(send(program, name, parameters, updates), 1):
        waiting = waiting + updates[number - 1]
        expected, size = rule(waiting.astype("f8"), number, before)
        worst = max(worst, float(np.abs(said - expected).max() / np.abs(expected).max()))
        assert size is None or len(row) == size, (len(row), size)
        assert np.array_equal(left, waiting - said), "what is left"
        waiting, before = left.copy(), row
    print(f"{name:8} {parameters} of {shape}: {8 * len(row) / waiting.size:.3f} bits per element, "
          f"off by at most {worst:.1e} of the largest")
    assert worst <= TOLERANCE


def follow_dct(program, shape, chunk, k, rng):
    follow(program, "dct", {"chunk": chunk, "k": k}, shape,
           lambda matrix, *_: (dct_largest(matrix, chunk, k)[0], None), rng)


def follow_lowrank(program, shape, rank, rng):
    """Computes each step from the Q of the previous one: with error feedback the directions that it
    sent are removed from the matrix, so that rounding errors of Q grow from step to step."""
    rows, width = shape

    def rule(matrix, exchange, before):
        if rows == 1 or (rows + width) * rank >= rows * width:
            return matrix, 4 * rows * width
        q = (drawn(exchange, width, rank) if before is None
             else np.frombuffer(before, "<f4", rank * width).reshape(rank, width).T.astype("f8"))
        p, q = power_step(matrix, q)
        return p @ q.T, 4 * rank * (rows + width)
    follow(program, "lowrank", {"rank": rank}, shape, rule, rng)


def hold_to_torch(rank, rng):
    """Compares power_step, with which the codec is compared, with PyTorch's own hook for one
    worker. Its Q is taken from the hook before each step, because the hook starts with a random
    one."""
    try:
        import torch
        from torch.distributed import destroy_process_group, init_process_group
        from torch.distributed.algorithms.ddp_comm_hooks import powerSGD_hook as powersgd
    except ImportError:
        print("no PyTorch: its hook is not compared with")
        return
    shape, worst, waiting = (40, 60), 0.0, np.zeros((40, 60))
    with tempfile.TemporaryDirectory() as folder:
        init_process_group("gloo", init_method=f"file://{folder}/store", rank=0, world_size=1)
        layer = torch.nn.Linear(shape[1], shape[0], bias=False)
        ddp = torch.nn.parallel.DistributedDataParallel(layer)
        state = powersgd.PowerSGDState(None, matrix_approximation_rank=rank, start_powerSGD_iter=2)
        ddp.register_comm_hook(state, powersgd.powerSGD_hook)
        for step in range(EXCHANGES):
            update = rng.standard_normal(shape).astype("f4")
            before = [q.detach().clone() for q in state.q_memory_dict.values()]
            ddp.zero_grad()
            # The gradient of sum(update * W), from unit vectors, row by row.
            (ddp(torch.eye(shape[1])) * torch.from_numpy(update.T.copy())).sum().backward()
            if step < 2:
                continue
            sent = layer.weight.grad.numpy().astype("f8")
            waiting = waiting + update
            if before:
                p, q = power_step(waiting.copy(), before[0].reshape(shape[1], rank).numpy().astype("f8"))
                worst = max(worst, np.abs(p @ q.T - sent).max() / np.abs(sent).max())
            waiting = waiting - sent
        destroy_process_group()
    print(f"PyTorch {torch.__version__}, rank {rank}: off by at most {worst:.1e} of the largest")
    assert 0 < worst <= TOLERANCE


def main():
    program, rng = sys.argv[1], np.random.default_rng(15)
    hold_cosines()
    for shape in ((40, 60), (64, 128), (1, 300), (7, 11), (33, 45)):
        follow_dct(program, shape, 64, 32, rng)
        follow_dct(program, shape, 16, 3, rng)
    for shape in ((40, 60), (64, 576), (1, 300), (3, 7), (150, 9)):
        for rank in (1, 2, 4):
            follow_lowrank(program, shape, rank, rng)
    for rank in (1, 2):
        hold_to_torch(rank, rng)


if __name__ == "__main__":
    main()
