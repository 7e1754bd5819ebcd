#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The published model at its published size, 224 x 224, from training to a tested checkpoint on the CPU:
# a run of a few seconds with the smallest batches.
set -u
. "$ROG_SOURCE/tests/system/tools/lib.sh"

cat >m.conf <<'END'
case = "m";
model = "convmlp-m"; image_size = 224; pretrain_epochs = 0; batch = 2; seconds = 9.0; test_images = 8;
runs = ( { library = "ROG"; threshold = 4; } );
END
try 0 rogctl sweep m.conf
run=$(query 'SELECT id FROM runs')
try 0 rogctl show "$run" --json
same 'status' done "$(json .status)"
[ "$(json .iterations)" -ge 2 ] || fail "it made $(json .iterations) iterations"
same 'tested checkpoints' 2 "$(query 'SELECT count(*) FROM checkpoints WHERE accuracy IS NOT NULL')"
same 'losses that are no numbers near ln(100)' 0 \
    "$(query 'SELECT count(*) FROM iterations WHERE loss IS NULL OR loss < 3 OR loss > 8')"
same 'rows of the model' 33307 "$(query 'SELECT max(rows_total) FROM iterations')"
model=$(find . -name '*.safetensors' | sort | tail -n 1)
# 16,948,804 parameters and the running statistics, four bytes each, and a header.
size=$(wc -c <"$model")
[ "$size" -gt 67795216 ] && [ "$size" -lt 67900000 ] || fail "$model has $size bytes"
