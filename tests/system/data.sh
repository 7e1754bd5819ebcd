#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# rogctl data info: its output for a data set, and the contact sheet, checked with OpenCV.
set -u
. "$ROG_SOURCE/tests/system/tools/lib.sh"

try 0 rogctl data info synth100 --noise none
prints 'test   none         5000 images of 32 x 32 in 100 classes'
prints '50 to 50 images per class'
prints 'disc_plain, disc_across,'
same 'classes that are named' 100 "$(sed '1,/^classes/d' out | tr ',' '\n' | grep -c '[a-z]')"
same 'columns of the longest line' yes "$([ "$(sed '1,/^classes/d' out | wc -L)" -le 100 ] && echo yes)"

try 0 rogctl data info --noise brightness --json --sheet sheets/bright.png
same 'sets' 'train none,train brightness,test none,test brightness' \
    "$(json '[.sets[] | .split + " " + .noise] | join(",")')"
same 'data' synth100 "$(json .data)"
same 'the last class' hourglass_speckles "$(json '.class_names[99]')"
[ "$(json '.sets[3].mean[0] > .sets[2].mean[0] + 0.1')" = true ] || fail 'brightness makes darker'

# Without --json the output explains the sheet: its path, and the classes in the order of the images.
try 0 rogctl data make --noise none --sheet sheets/clean.png
same 'classes of the sheet' 100 "$(sed -n '/^classes/,/sheet/p' out | sed '1d;$d' | tr ',' '\n' | grep -c '[a-z]')"
prints 'sheets/clean.png: one test image per class in this order, 10 per line'

try 2 rogctl data info no-such-set
says 'data must be "synth100", "cifar100:FOLDER", "fed-cifar100:FOLDER" or "noisy-cifar100:FOLDER" (found "no-such-set")'
try 2 rogctl data info --noise fog
says 'unknown noise "fog"'
try 2 rogctl data info synth100 twice
try 1 rogctl data make --noise none --sheet /proc/sheet.png
says '/proc/sheet.png'

# A file of TensorFlow Federated written by h5py: counts and means equal those of numpy.
if /usr/bin/python3 -c 'import h5py' 2>/dev/null; then
    mkdir fed
    /usr/bin/python3 - >fed/means <<'END' || fail 'no files by h5py'
import h5py
import numpy as np

rng = np.random.default_rng(3)
for split, clients in (("train", 12), ("test", 3)):
    images = rng.integers(0, 256, (clients, 7, 32, 32, 3), dtype=np.uint8)
    images[..., 2] //= 3
    with h5py.File(f"fed/fed_cifar100_{split}.h5", "w") as file:
        for client in range(clients):
            group = file.create_group(f"examples/{client}")
            group.create_dataset("image", data=images[client], compression="gzip")
            group["label"] = rng.permutation(100)[:7]
            group["coarse_label"] = rng.integers(0, 20, 7)
    print(split, clients * 7, *(f"{m:.4f}" for m in images.mean((0, 1, 2, 3)) / 255))
END
    try 0 rogctl data info fed-cifar100:fed --noise none --json
    json '.sets[] | [.split, .images] + .mean | @text' >found
    tr -d '[]"' <found | awk -F, '{ printf "%s %d %.4f %.4f %.4f\n", $1, $2, $3, $4, $5 }' >found-means
    cmp found-means fed/means || fail "h5py's files: $(cat fed/means) became $(cat found-means)"
else
    echo 'files by h5py are not read: no python3-h5py'
fi

# The sheet: its pictures are pixels of the set, with three channels in the right order, enlarged by
# two; the noisy one beside it equals the result of OpenCV's saturating addition.
command -v python3 >/dev/null && PYTHON=$(command -v python3)
for PYTHON in /usr/bin/python3 "${PYTHON:-}"; do
    "$PYTHON" -c 'import cv2' 2>/dev/null && break
    PYTHON=
done
[ -n "$PYTHON" ] || skip 'the sheet is not looked at: no python3-opencv'
"$PYTHON" - "$XDG_CACHE_HOME" <<'END' || fail 'the sheet is not as it must be'
import sys
import cv2
import numpy as np

sheet = cv2.imread("sheets/bright.png", cv2.IMREAD_COLOR)
assert sheet is not None and sheet.shape == (750, 1410, 3), sheet.shape
brighter, coloured = 0, 0
for label in range(100):
    x, y = 10 + label % 10 * 140, 10 + label // 10 * 74
    pair = [sheet[y:y + 64, left:left + 64] for left in (x, x + 66)]
    for image in pair:
        small = image[::2, ::2]
        assert (cv2.resize(small, (64, 64), interpolation=cv2.INTER_NEAREST) == image).all(), label
        assert small.std() > 1, label
    added = pair[1].astype(int) - pair[0]
    step = added[(pair[1] < 255)]
    assert step.size and step.min() == step.max() and 10 <= step.min() <= 100, (label, step)
    assert (cv2.add(pair[0], np.full_like(pair[0], int(step.min()))) == pair[1]).all(), label
    assert (sheet[y + 64:y + 74, x:x + 130] == 255).all(), label
print("100 pairs")
END
