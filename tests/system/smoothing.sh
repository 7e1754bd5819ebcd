# SPDX-License-Identifier: Apache-2.0
# The lines of figures equal scipy's results for the measured points beside them, to 1e-9.
. "$ROG_TEST_TOOLS/lib.sh"
python=${PYTHON:-python3}
"$python" -c 'import numpy, scipy.signal' 2>said || skip "no scipy for $python (package python3-scipy)"
cat >x.conf <<END
case = "c"; figure = "1"; $quick
runs = ( { library = "BSP"; threshold = 0; note = "BSP"; }, { threshold = 4; note = "ROG 4"; } );
END
try 0 rogctl sweep x.conf
query "UPDATE cases SET figure = 10" >out # two panels
# Noisy accuracies of 60 and of 30 checkpoints at increasing intervals.
query "INSERT INTO checkpoints(run_id, t, iteration, path, accuracy)
    SELECT runs.id, value + value * value / 20.0, value * 3, 'made up',
        50 + value / 4.0 + 3 * (((value * 7919 + length(library)) % 101) / 50.0 - 1)
    FROM runs, json_each((SELECT json_group_array(n) FROM (WITH RECURSIVE c(n) AS
        (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 59) SELECT n FROM c)))
    WHERE library = 'ROG' OR value < 30" >out
cat >compare.py <<'END'
import sys
import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import lfilter, savgol_filter

def savgol(values, window, order):
    return savgol_filter(values, window, order, mode="interp")

def mean(values, window):
    if len(values) >= window:
        smooth = uniform_filter1d(values, window)
    else:
        smooth = np.array(values)
    for i in range(len(values)):
        beside = min(window // 2, i, len(values) - 1 - i)
        if beside < window // 2 or len(values) < window:
            smooth[i] = np.mean(values[i - beside:i + beside + 1])
    return smooth

def ema(values, weight):
    return (lfilter([1 - weight], [1, -weight], values) /
            lfilter([1 - weight], [1, -weight], np.ones(len(values))))

def blocks(path):
    return [np.array([[float(n) for n in row.split()] for row in block.splitlines()
                      if row and not row.startswith("#")])
            for block in open(path).read().split("\n\n\n")]

path, spec = sys.argv[1], sys.argv[2]
worst, lines = 0, 0
found = blocks(path)
for line, measured in zip(found[0::3], found[2::3]):
    x, y = measured[:, 0], measured[:, 1]
    name, *numbers = spec.split(":")
    if name == "savgol" or name == "published":
        window, order = (25, 3) if name == "published" else map(int, numbers)
        if len(x) < window or (len(x) < 2 * window and name == "savgol"):
            half = len(x) // 2 - (len(x) // 2 + 1) % 2 # the largest odd window up to half of the points
            window = min(window, max(half, order + 2 if order % 2 else order + 3))
        make_x = make_y = lambda values: savgol(values, window, order)
    elif name == "mean":
        make_x = make_y = lambda values: mean(values, int(numbers[0]))
    else:
        make_x, make_y = (lambda values: values), (lambda values: ema(values, float(numbers[0])))
    smooth_x, smooth_y = np.array(make_x(x)), np.array(make_y(y))
    if name != "published":
        smooth_x, smooth_y = np.clip(smooth_x, x.min(), x.max()), np.clip(smooth_y, y.min(), y.max())
        smooth_x[0], smooth_y[0] = x[0], y[0]
    smooth_x = np.maximum.accumulate(smooth_x)
    worst = max(worst, np.abs((line[:, 0] - smooth_x) / (1 + np.abs(smooth_x))).max(),
                np.abs((line[:, 1] - smooth_y) / (1 + np.abs(smooth_y))).max())
    lines += 1
print(f"{path} {spec}: {lines} lines, {worst:.2g} at most")
sys.exit(0 if lines == 2 and worst < 1e-9 else 1)
END
for smooth in savgol:25:3 savgol:9:6 mean:5 ema:0.6 published; do
    try 0 rogctl redraw c-case0 --format svg --smooth $smooth
    for panel in training-accuracy-against-wall-clock-time statistical-efficiency; do
        "$python" compare.py plots/c-case0-$panel.dat $smooth || fail "scipy has another line"
    done
done
