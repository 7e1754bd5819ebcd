# SPDX-License-Identifier: Apache-2.0
#
# The examples in a short form, with two workers on a virtual cluster: each experiment file is valid, and each program
# learns under ROG; the one with both optimizers also with local steps. Data are generated: images whose class is
# their colour, and traces.
. "$ROG_TEST_TOOLS/lib.sh"

python=/usr/bin/python3
$python -c 'import torch' 2>/dev/null || skip "$python has no module torch (package python3-torch)"
export PYTHONDONTWRITEBYTECODE=1 CC="cc ${ROG_SANITIZE:+-fsanitize=$ROG_SANITIZE}"
mkdir bin images
ln -s $python bin/python3
export PATH="$PWD/bin:$PATH"
unset PKG_CONFIG_PATH LD_LIBRARY_PATH # programs get everything they need otherwise
cp "$ROG_SOURCE"/examples/*.* .
cat >robots.conf <<'END'
kind = "virtual";
workers = ( { step_s = 0.5; compress_s = 0.0; decompress_s = 0.0; count = 2; } );
END
$python - <<'END'
import random
draw = random.Random(1)
for name in "train", "test":
    with open("images/%s.bin" % name, "wb") as file:
        for _ in range(400):
            label = draw.randrange(8)
            bright = [40 + 150 * (label >> channel & 1) for channel in range(3)]
            file.write(bytes([label] * 2 + [draw.randrange(level, level + 60) for level in bright for _ in range(1024)]))
END
try 0 rogctl trace synth outdoors 'bandwidth-{rank}.csv' --workers 2

# learns EXAMPLE SECONDS GAIN OPTIONS [LINES [RUN]]: checks that its last result is better than its
# first by GAIN
learns()
{
    example=$1 seconds=$2 gain=$3
    sed "s/^seconds = .*/seconds = $seconds;/; s/^cluster = .*/cluster = \"robots.conf\";/; s/^checkpoint_period = .*//; s/^    options = .*/    options = { $4 };/
        s/^workers_per_process = .*/workers_per_process = 2;/" "$ROG_SOURCE/examples/$example.conf" >$example.conf
    echo "checkpoint_period = 1000.0; ${5:-}" >>$example.conf
    try 0 rogctl sweep --dry-run $example.conf
    try 0 rogctl sweep $example.conf --db $example.db --plots $example --only "${6:-ROG 4}"
    same "$example" "1 2" "$(query "SELECT count(*), (SELECT count(DISTINCT rank) FROM iterations)
        FROM runs WHERE status = 'done'" $example.db | tr '|' ' ')"
    query "SELECT note, (SELECT accuracy FROM checkpoints WHERE run_id = id ORDER BY t LIMIT 1),
        (SELECT accuracy FROM checkpoints WHERE run_id = id ORDER BY t DESC LIMIT 1) FROM runs" $example.db >told
    awk -F'|' -v example=$example -v gain="$gain" '{ print example ", " $1 ": from " $2 " to " $3
        if (gain > 0 ? $3 < $2 + gain : $3 > $2 + gain) bad = 1 } END { exit bad || NR != 1 }' told ||
        fail "$example does not learn: not by $gain"
}

steady='trace = "constant:5";'
tiny='layers = 1; heads = 2; width = 32; context = 32;'
learns resnet18 25.0 30 'width = 8; classes = 20;' "$steady"
mv resnet18.db whole.db
learns resnet18 40.0 30 'width = 8; classes = 20;' "$steady" 'local SGD'
learns vit_tiny 25.0 30 'width = 16; depth = 1; heads = 2; classes = 20;' "$steady"
learns gpt 40.0 -1 "$tiny" "$steady"
cp "$(find gpt.runs -name '*.safetensors' | sort | tail -n 1)" gpt.safetensors || fail "no checkpoint"
learns lora 40.0 -0.02 "$tiny rank = 2;" "$steady"
learns gru 60.0 -0.02 'width = 8; past = 20; ahead = 15; period = 2.0;'
learns perceptron 60.0 20 ''
