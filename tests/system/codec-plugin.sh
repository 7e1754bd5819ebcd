# SPDX-License-Identifier: Apache-2.0
# A user's codec: named by its file or by its name, with parameters, on virtual and local clusters; it
# is part of a run's identity; errors name the reason.
. "$ROG_TEST_TOOLS/lib.sh"

mkdir own other
cc -std=c11 -O2 -shared -fPIC -I"$ROG_SOURCE/include" -o own/codec_skeleton.so "$ROG_SOURCE/plugins/codec_skeleton.c" -lm || fail "no plugin"
cat >x.conf <<END
case = "c"; $quick
runs = (
    { note = "sign"; },
    { note = "by path"; compression = "own/codec_skeleton.so"; },
    { note = "nearest"; compression = "own/codec_skeleton.so"; compression_parameters = { rounding = "nearest"; }; },
    { note = "pulls"; pull_compression = "own/codec_skeleton.so"; }
);
END
try 0 rogctl sweep x.conf
same "bytes" "1 1 1" "$(query "SELECT group_concat(pushed > sign, ' ') FROM (SELECT
    (SELECT sum(bytes_pushed + bytes_pulled) / count(*) FROM iterations WHERE run_id = id) AS pushed,
    (SELECT sum(bytes_pushed + bytes_pulled) / count(*) FROM iterations JOIN runs ON runs.id = run_id WHERE note = 'sign') AS sign
    FROM runs WHERE note != 'sign')")"
# The same codec by its name is the same run; another file makes another run.
cat >named.conf <<END
case = "c"; $quick
runs = ( { note = "by path"; compression = "codec_skeleton"; } );
END
try 2 rogctl sweep named.conf -n
says 'compression is "codec_skeleton"; allowed: sign, none'
try 0 env ROG_PLUGIN_PATH="$PWD/own" rogctl sweep named.conf -n
prints "c-case0: 0 of 1 runs to do"
sed 's/one byte per element/a byte per element/' "$ROG_SOURCE/plugins/codec_skeleton.c" >other.c
cc -std=c11 -O2 -shared -fPIC -I"$ROG_SOURCE/include" -o other/codec_skeleton.so other.c -lm
mv own/codec_skeleton.so first.so
cp other/codec_skeleton.so own/codec_skeleton.so
try 0 rogctl sweep x.conf -n
prints "plugin codec_skeleton.so differs from the file in "
mv first.so own/codec_skeleton.so

try 0 env ROG_PLUGIN_PATH="$PWD/own" rogctl plugins codec_skeleton
prints "own/codec_skeleton.so"
prints "compression_parameters.rounding"
try 0 env ROG_PLUGIN_PATH="$PWD/own" rogctl doctor
prints "codecs codec_skeleton"

refused() { # SETTINGS... -- MESSAGE
    settings=
    while [ "$1" != -- ]; do settings="$settings $1"; shift; done
    # shellcheck disable=SC2086
    try 2 rogctl run workload=none seconds=60 $settings
    says "$2"
}
refused compression=own/none.so -- 'compression own/none.so: there is no such file'
refused compression=own/codec_skeleton.so compression_parameters=rounding=up -- \
    'compression_parameters: parameters of codec_skeleton: rounding must be one of random, nearest'
refused compression=rog -- 'rog.so is not a codec plugin: it does not export rog_codec_plugin'
refused pull_compression=own/codec_skeleton.so pull_compression_parameters=steps=3 -- \
    'pull_compression_parameters: codec_skeleton has no parameter steps'
