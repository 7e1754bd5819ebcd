# SPDX-License-Identifier: Apache-2.0
# The parts of a run: names, parameters and combinations are checked during planning, and distinguish
# runs.
. "$ROG_TEST_TOOLS/lib.sh"

refused() { # SETTINGS... -- MESSAGE
    settings=
    while [ "$1" != -- ]; do settings="$settings $1"; shift; done
    # shellcheck disable=SC2086
    try 2 rogctl run workload=none seconds=60 $settings
    says "$2"
}
refused compression=zip -- 'compression is "zip"; allowed: sign, none'
refused pull_compression=zip -- 'pull_compression: compression is "zip"; allowed: sign, none'
refused server_optimizer=sum -- \
    'server_optimizer is "sum"; allowed: mean, buffer, nesterov, adam, majority'
refused local_optimizer=adam -- 'local_optimizer must be one of sgd, nesterov, adamw (found "adam")'
refused compression_parameters=density=0.1 -- \
    'compression_parameters: sign has no parameters (found density)'
refused server_optimizer_parameters=momentum=0.9 -- \
    'server_optimizer_parameters: mean has no parameters (found momentum)'
refused server_optimizer=adam server_optimizer_parameters=epsilon=0 -- \
    'server_optimizer_parameters: parameters of adam: epsilon must be a number from 1e-16 to 1'
refused server_optimizer=buffer server_optimizer_parameters=every=1.5 -- \
    'parameters of buffer: every must be a whole number from 0 to 1000000'
refused server_optimizer=majority server_optimizer_parameters=of=all -- \
    'parameters of majority: of must be one of signs, values (found "all")'
refused contribution=delta local_optimizer=adamw local_optimizer_parameters=beta=0.9 -- \
    'local_optimizer_parameters: adamw has no parameter beta'
refused contribution=delta local_optimizer=adamw local_optimizer_parameters=beta1=1 -- \
    'local_optimizer_parameters: parameters of adamw: beta1 must be a number from 0 to 0.999999'
refused error_feedback=2 -- 'error_feedback must be a number from 0 to 1'
refused contribution=model -- 'contribution must be one of gradient, delta (found "model")'

# The program's own folder, given again, is not listed twice.
try 0 env ROG_PLUGIN_PATH="$(dirname "$(command -v rogctl)")/../lib/rog/plugins" rogctl plugins
same "lines of BSP" 1 "$(grep -c '^BSP ' out)"
try 0 rogctl plugins
prints "compression       sign"
prints "server_optimizer  mean"
try 0 rogctl plugins ADAMW
prints "local_optimizer_parameters.beta1"
try 0 rogctl plugins sign
prints "It has no parameters."
try 0 rogctl plugins --json
same "of a codec" "compression" "$(json '.[] | select(.name == "sign") | .setting')"

# Settings that have no meaning with another setting.
refused merge=0.5 -- 'merge = 0.5 requires contribution = "delta" (found "gradient"): with gradients'
refused local_optimizer=adamw -- 'local_optimizer = "adamw" requires contribution = "delta"'
refused contribution=delta momentum_kind=nesterov -- \
    'momentum_kind = "nesterov" requires contribution = "gradient" (found "delta")'
refused contribution=delta momentum_masking=true -- 'momentum_masking = true requires contribution'

# A default that is given explicitly is the same run.
cat >x.conf <<END
case = "c"; $quick
runs = (
    { },
    { contribution = "gradient"; error_feedback = 1.0; merge = 0; pull_compression = "sign";
      server_optimizer = "mean"; compression_parameters = { }; }
);
END
try 2 rogctl sweep x.conf -n
says 'x.conf, line 4: this run (ROG 4) is the same as the one of line 3'

# An error in a file has its line.
cat >x.conf <<END
case = "c"; $quick
matrix = { merge = [0.0, 0.5]; };
END
try 2 rogctl sweep x.conf -n
says 'x.conf, line 2: merge = 0.5 requires contribution = "delta"'

# Each direction has its own codec, and both send full precision during a warm-up.
bytes() { query "SELECT $1 / 1000000 FROM (SELECT sum(bytes_pushed) AS pushed, sum(bytes_pulled) AS pulled
    FROM iterations WHERE run_id = (SELECT id FROM runs ORDER BY rowid DESC LIMIT 1))"; }
run() { try 0 rogctl run --library BSP --control unlimited workload=none seconds=30 "$@"; }
run compression=none pull_compression=sign
[ "$(bytes pushed)" -gt $((20 * $(bytes pulled))) ] || fail "pulls have the codec of pushes"
run compression_warmup=1
[ "$(bytes pulled)" -gt $((3 * 2 * 4)) ] || fail "a warm-up is compressed"
run=$(query "SELECT id FROM runs ORDER BY rowid DESC LIMIT 1")
try 0 rogctl show "$run"
prints "compression warmup 1"
try 0 rogctl verify "$run"

# Parameters of a codec distinguish runs, can be in a matrix, and are recorded with all their values.
refused compression=topk compression_parameters=density=2 -- \
    'compression_parameters: parameters of topk: density must be a number from'
refused compression=topk compression_parameters=desity=0.1 -- \
    'topk has no parameter desity (did you mean density?)'
cat >y.conf <<END
case = "y"; $quick library = "BSP"; compression = "topk"; control = "unlimited";
matrix = { compression_parameters = ( { density = 0.01; }, { density = 0.1; bits = 4; } ); };
END
try 0 rogctl sweep y.conf
same "notes" "BSP, density 0.01|BSP, density 0.1, bits 4" \
    "$(query "SELECT group_concat(note, '|') FROM (SELECT note FROM runs WHERE note LIKE '%density%' ORDER BY rowid)")"
run=$(query "SELECT id FROM runs WHERE note = 'BSP, density 0.1, bits 4'")
same "kept" '0.1 4 row' "$(query "SELECT json_extract(config, '$.compression_parameters.density') || ' ' ||
    json_extract(config, '$.compression_parameters.bits') || ' ' ||
    json_extract(config, '$.compression_parameters.of') FROM runs WHERE id = '$run'")"
try 0 rogctl show "$run"
grep -q '^compression  *topk, density 0.1, of "row"' out || fail "the codec's parameters are not shown"
try 0 rogctl replay "$run" --library SSP --json
same "replayed" topk "$(json .config.compression)"
# A parameter set to its default is not another run.
sed 's/density = 0.01;/density = 0.01; of = "row";/' y.conf >z.conf
try 0 rogctl sweep z.conf
same "runs" 2 "$(query "SELECT count(*) FROM runs WHERE note LIKE '%density%'")"
# A codec that lacks the parameter of another one has a single run; a name that no codec has is an
# error.
cat >y.conf <<END
case = "x"; $quick library = "BSP"; control = "unlimited";
matrix = { compression = ["sign", "topk"]; compression_parameters = ( { density = 0.01; }, { density = 0.2; } ); };
END
try 0 rogctl sweep y.conf -n
says "y.conf, line 2: compression sign has no parameter density: 1 run fewer"
prints "x-case0: 3 of 3 runs to do"
prints "BSP, compression topk, density 0.2"
sed 's/, "topk"//' y.conf >z.conf
try 2 rogctl sweep z.conf -n
says "sign has no parameters (found density)"
# A program does its local steps itself.
echo true >train.sh
try 2 rogctl run --cluster "$ROG_SOURCE/experiments/clusters/local4.conf" workload=program command="sh train.sh" \
    test=true files=train.sh contribution=delta local_optimizer=adamw
says 'local_optimizer = "adamw" applies only to the built-in network'
