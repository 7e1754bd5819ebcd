# SPDX-License-Identifier: Apache-2.0
"""Compares what codecs send of a row with short programs written from the papers.

    codecs.py CODEC_PROGRAM

reference-codec (codec.c) encodes rows, exchange after exchange, with error feedback; here NumPy does
the same, in float64 where the papers have real numbers, from the definitions and from the description
of bytes in the comments of librog/codecs. Tolerance: 1e-6 of the value. If a number is so close to the
middle between two others that it could be rounded either way, the codec's choice is used and counted:
any choice other than these two is an error. The residual must be the values minus what was sent.
"""

import json
import struct
import subprocess
import sys

try:
    import numpy as np
except ImportError:
    print("skipped: this test needs NumPy (python3-numpy)")
    sys.exit(77)

TOLERANCE = 1e-6
NEAR = 1e-4  # of the distance between two values: closer to the middle either is right
EXCHANGES = 20
PROGRAM = sys.argv[1]


def send(name, parameters, values, level=0):
    """values: (exchanges, elements). Returns, for each exchange, bytes, decoded values and
    residual."""
    values = np.ascontiguousarray(values, dtype="<f4")
    elements = values.shape[1]
    output = subprocess.run(
        [PROGRAM, name, json.dumps(parameters), str(elements), str(elements), str(level)],
        input=values.tobytes(), stdout=subprocess.PIPE, check=True).stdout
    at, sent = 0, []
    for _ in values:
        size, = struct.unpack_from("<I", output, at)
        at += 4
        row = output[at:at + size]
        said, left = np.frombuffer(output, "<f4", 2 * elements, at + size).reshape(2, elements)
        at += size + 8 * elements
        sent.append((row, said, left))
    assert at == len(output)
    return sent


def drawn(rng, exchanges, elements):
    """Draws the numbers of a row: of many magnitudes, with some zeros and some equal numbers."""
    values = rng.standard_normal((exchanges, elements)) * 10.0 ** rng.uniform(-8, 1, (exchanges, 1))
    values[rng.random(values.shape) < 0.05] = 0
    values[rng.random(values.shape) < 0.05] *= 30
    values = values.astype("f4")
    values[:, 1::17] = values[:, :1]
    return values


class Count:
    def __init__(self):
        self.numbers = self.either = 0


def compare(said, expected, other, count):
    """Checks that `said` equals `expected`, or `other` where that is a number."""
    near = np.abs(said - expected) <= TOLERANCE * np.abs(expected) + 1e-40
    also = np.abs(said - other) <= TOLERANCE * np.abs(other) + 1e-40
    assert np.all(near | also), (said[~(near | also)], expected[~(near | also)])
    count.numbers += said.size
    count.either += int((~near).sum())


def follow(name, parameters, elements, rule, rng, level=0, exchanges=EXCHANGES, values=None):
    """rule(x, exchange, row's bytes) -> expected, other (or nan)."""
    values = drawn(rng, exchanges, elements) if values is None else values
    waiting, count = np.zeros(elements, "f4"), Count()
    sizes = []
    for number, (row, said, left) in enumerate(send(name, parameters, values, level), 1):
        waiting = waiting + values[number - 1]
        expected, other = rule(waiting.astype("f8"), number, row)
        compare(said.astype("f8"), expected, other, count)
        assert np.array_equal(left, waiting - said), "what is left"
        waiting = left.copy()
        sizes.append(len(row))
    bits = 8 * float(np.mean(sizes)) / elements
    shown = ", ".join(f"{key} {value}" for key, value in parameters.items())
    print(f"{name:8} {shown:44} level {level}, {elements:5} elements: {bits:6.3f} bits per element, "
          f"{count.either} of {count.numbers} either way")
    assert count.either <= count.numbers / 100


def steps(x, step, halves, least, most, chance=None):
    """Rounds to multiples of step, to the nearest or randomly; and returns the other one where both
    are right."""
    place = np.divide(x, step, out=np.zeros_like(x), where=step > 0)
    down = np.floor(place)
    fraction = place - down
    up, doubt = np.zeros(x.shape, bool), np.minimum(fraction, 1 - fraction) < NEAR
    other = np.where(fraction < 0.5, down - 1, down + 1)
    if chance is not None:
        up = fraction + chance >= 1
        doubt |= np.abs(fraction + chance - 1) < NEAR
    elif not halves:
        up, doubt = fraction >= 0.5, np.abs(fraction - 0.5) < NEAR
    if not halves:
        other = np.where(up, down, down + 1)
    offset = 0.5 if halves else 0
    chosen = np.clip(down + up, least, most)
    other = np.where(doubt, np.clip(other, least, most), np.nan)
    return (chosen + offset) * step, (other + offset) * step


# ---- sixteen bits ----

def float16(x, _, row):
    """Computes numpy's float16 of the row times a power of two."""
    exponent = max(int(np.float32(np.abs(x).max()).view("u4") >> 23), 15)
    assert row[0] == exponent
    factor = 2.0 ** (141 - exponent)
    halves = (x * factor).astype("f4").astype("f2")
    assert row[1:] == halves.astype("<f2").tobytes()
    return halves.astype("f8") / factor, np.full_like(x, np.nan)


def bfloat16(x, _, row):
    bits = x.astype("f4").view("u4").astype("u8")
    rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16
    assert row == rounded.astype("<u2").tobytes()
    return (rounded << 16).astype("u4").view("f4").astype("f8"), np.full_like(x, np.nan)


# ---- blocks ----

def by_blocks(x, block, rule):
    parts = [rule(x[at:at + block], at) for at in range(0, x.size, block)]
    return tuple(np.concatenate(part) for part in zip(*parts))


def integers(best, block):
    def rule(x, _, row):
        bits = row[0]
        assert bits <= best
        most = 2 ** (bits - 1) - 1

        def one(part, _):
            mean, greatest = np.abs(part).mean(), np.abs(part).max()
            if bits >= 4:
                return steps(part, np.full_like(part, greatest / most), False, -most, most)
            step = 2 * mean if bits == 1 else 1.2479 * mean
            return steps(part, np.full_like(part, step), True, -most - 1, most)
        return by_blocks(x, block, one)
    return rule


M64 = (1 << 64) - 1


def splitmix(seed, a, b):
    z = (seed + a * 0xd1342543de82ef95 + b * 0x9e3779b97f4a7c15) & M64
    z = ((z ^ z >> 30) * 0xbf58476d1ce4e5b9) & M64
    z = ((z ^ z >> 27) * 0x94d049bb133111eb) & M64
    return z ^ z >> 31


def lanes(seed, index):
    """librog/kernels/lane_random.h"""
    index = np.asarray(index, "u4")
    with np.errstate(over="ignore"):
        x = index + np.uint32(seed & 0xffffffff)
        x = (x ^ x >> np.uint32(16)) * np.uint32(0x7feb352d) + np.uint32(seed >> 32)
        x = (x ^ x >> np.uint32(15)) * np.uint32(0x846ca68b)
        return x ^ x >> np.uint32(16)


def qsgd(bits, bucket, norm):
    """Equation 4: norm sign(x) xi, each level with its probability."""
    s = 2 ** (bits - 1) - 1

    def rule(x, exchange, _):
        def one(part, at):
            size = np.sqrt((part ** 2).sum()) if norm == "l2" else np.abs(part).max()
            seed = splitmix(exchange, at, 0)
            chance = np.concatenate([
                (lanes((seed + piece) & M64, np.arange(min(256, part.size - piece))) >> np.uint32(8))
                for piece in range(0, part.size, 256)]).astype("f8") / 2 ** 24
            return steps(part, np.full_like(part, size / s), False, -s, s, chance)
        return by_blocks(x, bucket, one)
    return rule


def hold_qsgd_to_its_mean(rng):
    """Checks E[Q(x)] = x: the mean over many buckets of the same numbers with independent random
    numbers."""
    x, buckets = rng.standard_normal(512).astype("f4"), 4000
    said = send("qsgd", {"norm": "l2"}, np.tile(x, buckets)[None])[0][1].astype("f8")
    step = np.sqrt((x.astype("f8") ** 2).sum()) / 7
    worst = np.abs(said.reshape(buckets, 512).mean(0) - x).max() / (step / 2 / np.sqrt(buckets))
    assert worst < 5, worst
    print(f"qsgd     the mean of {buckets} is off by at most {worst:.1f} standard deviations")


# ---- few elements ----

def low_first(data):
    return np.unpackbits(np.frombuffer(data, "u1"), bitorder="little")


def numbers_of(bits, width):
    return (bits.reshape(-1, width) * (1 << np.arange(width, dtype="i8"))).sum(1)


def read_indices(data, elements, count):
    """Reads the indices of a sparse row as described in its header; and how many bytes they
    take."""
    if count == 0:
        return np.zeros(0, "i8"), 0
    sizes = [(-(-count * low // 8) + -(-(count + ((elements - 1) >> low)) // 8), low)
             for low in range(32)]
    size, low = min(sizes)
    bitmap = -(-elements // 8)
    if bitmap <= size:
        return np.flatnonzero(low_first(data[:bitmap])), bitmap
    start = -(-count * low // 8)
    high = np.flatnonzero(low_first(data[start:size])) - np.arange(count)
    lows = numbers_of(low_first(data[:start])[:count * low], low) if low else 0
    return (high << low) + lows, size


def unpacked(data, count, bits):
    """kernels/pack.h"""
    codes, at = np.zeros(count, "i8"), 0
    for done in range(0, count, 256):
        length = min(256, count - done)
        width = -(-length * bits // 8)
        group = np.frombuffer(data, "u1", width, at)
        at += width
        for i in range(length):
            codes[done + i] = group[i % width] >> (i // width * bits) & ((1 << bits) - 1)
    return codes


def read_values(data, count, bits, x):
    """Reads the values, and compares them with x."""
    if bits == 32:
        said = np.frombuffer(data, "<f4", count).astype("f8")
        assert np.array_equal(said, x)
        return said
    first, last = ((np.frombuffer(data, "<u2", 2).astype("u4") << 16).view("f4").astype("f8"))
    magnitudes, levels = np.abs(x), 2 ** (bits - 1)
    ends = magnitudes.min(), magnitudes.max()
    if bits == 2:
        upper = magnitudes > magnitudes.mean()
        ends = (magnitudes[~upper].mean(), magnitudes[upper].mean() if upper.any() else first)
    assert 0 <= ends[0] - first <= ends[0] / 127 and 0 <= last - ends[1] + 1e-9 <= ends[1] / 127
    step = (last - first) / (levels - 1)
    codes = (np.frombuffer(data, "<u2", count, 4).astype("i8") if bits == 16
             else unpacked(data[4:], count, bits))
    said = (first + (codes >> 1) * step) * np.where(codes & 1, -1, 1)
    assert np.array_equal(np.signbit(said), np.signbit(x))
    inside = (magnitudes >= first) & (magnitudes <= last)
    assert np.all(np.abs(said - x)[inside] <= step * (0.5 + NEAR) + 2e-7 * last)
    assert np.all(codes[magnitudes < first] >> 1 == 0)
    assert np.all(codes[magnitudes > last] >> 1 == levels - 1)
    return said


def count_of(density, elements):
    return max(1, min(elements, int(np.floor(density * elements + 0.5))))


def largest(x, count):
    """Finds the largest by sorting: the first of equal ones, and no zeros."""
    order = np.argsort(-np.abs(x), kind="stable")[:count]
    return np.sort(order[x[order] != 0])


def spread(indices, values, elements):
    x = np.zeros(elements)
    x[indices] = values
    return x, np.full(elements, np.nan)


def top(density, chunk=None, bits=32, warmup=0, of="row"):
    def rule(x, exchange, row):
        now, steps_down = density, 0
        while 0.25 / 4 ** steps_down > density:
            steps_down += 1
        if exchange - 1 < warmup and steps_down:
            now = 0.25 / 4 ** ((exchange - 1) * steps_down // warmup)
        length = x.size if not chunk or of == "model" else min(chunk, x.size)
        expected = np.concatenate([at + largest(x[at:at + length],
                                                count_of(now, min(length, x.size - at)))
                                   for at in range(0, x.size, length)])
        if of == "model" and expected.size:
            least = np.abs(x[expected]).min()
            expected = np.flatnonzero(np.abs(x) >= least)
        head = 1 if x.size < 256 else 2 if x.size < 65536 else 4
        count = int.from_bytes(row[:head], "little")
        assert count == expected.size, (count, expected.size)
        indices, size = read_indices(row[head:], x.size, count)
        assert np.array_equal(indices, expected)
        said = read_values(row[head + size:], count, bits, x[indices]) if count else []
        return spread(indices, said, x.size)
    return rule


def some(density, bits=32):
    """Computes Floyd's sample from the seed in the row, of the elements that are sent or of the
    others."""
    def rule(x, exchange, row):
        assert int.from_bytes(row[:4], "little") == exchange
        n, count = x.size, count_of(density, x.size)
        drawn_count = count if count <= n // 2 else n - count
        chosen = set()
        for last in range(n - drawn_count, n):
            at = int(lanes(exchange, last)) * (last + 1) >> 32
            chosen.add(last if at in chosen else at)
        indices = np.array(sorted(chosen if count <= n // 2 else set(range(n)) - chosen), "i8")
        return spread(indices, read_values(row[4:], count, bits, x[indices]), n)
    return rule


def main():
    rng = np.random.default_rng(15)
    follow("fp16", {}, 2304, float16, rng)
    follow("bf16", {}, 2304, bfloat16, rng)
    for name, best in (("int8", 8), ("int4", 4)):
        for level in range(best.bit_length()):
            follow(name, {}, 2304, integers(best, 256), rng, level)
        follow(name, {"block": 100}, 1234, integers(best, 100), rng)
    for norm in ("max", "l2"):
        for bits in (8, 4, 2):
            follow("qsgd", {"norm": norm, "bits": str(bits)}, 2304, qsgd(bits, 512, norm), rng,
                   exchanges=3 if norm == "l2" else EXCHANGES)
    hold_qsgd_to_its_mean(rng)
    for density in (1, 0.25, 0.1, 0.01, 0.001):
        follow("topk", {"density": density}, 2304, top(density), rng)
        follow("randomk", {"density": density}, 2304, some(density), rng)
    follow("topk", {"density": 0.1}, 1239, top(0.1), rng)  # 123.9 of them
    follow("randomk", {"density": 0.1}, 1239, some(0.1), rng)
    for bits in (16, 8, 4, 2):
        follow("topk", {"density": 0.05, "bits": str(bits)}, 2304, top(0.05, bits=bits), rng)
        follow("randomk", {"density": 0.05, "bits": str(bits)}, 200, some(0.05, bits), rng)
    follow("topk", {"density": 0.02, "chunk": 64}, 1000, top(0.02, chunk=64), rng)
    follow("topk", {"density": 0.01, "of": "model"}, 2304, top(0.01, of="model"), rng)
    follow("topk", {"density": 0.001, "warmup": 10}, 2304, top(0.001, warmup=10), rng)
    follow("topk", {"density": 0.01}, 70000, top(0.01), rng, exchanges=3)


if __name__ == "__main__":
    main()
