# SPDX-License-Identifier: Apache-2.0
# A run with a given seed is the same to the byte however many runs are executed at the same time;
# without gradients also with another processor's instructions.
. "$ROG_TEST_TOOLS/lib.sh"

cat >x.conf <<CONF
case = "same"; figure = "1"; $tiny
runs = ( { library = "BSP"; }, { library = "ROG"; threshold = 4; }, { library = "ROG"; threshold = 20; seed = 2; },
         { library = "SSP"; workload = "none"; } );
CONF
for jobs in 1 4; do
    mkdir $jobs
    try 0 rogctl sweep x.conf --jobs $jobs --db $jobs/results.db --plots $jobs/plots --json
    # Names contain the time, so compare other members.
    json '.runs[] | [.id, .library, .threshold, .seed] | @tsv' >runs
    while read -r id library threshold seed; do
        folder=$(find $jobs -type d -name "$id") && [ -n "$folder" ] || fail "no folder of $id"
        mv "$folder" "$jobs/$library-$threshold-$seed"
    done <runs
done
compared=0
for run in 1/*-*-*; do
    name=$(basename "$run")
    cmp "1/$name/events.jsonl" "4/$name/events.jsonl" || fail "$name: other events with 4 jobs"
    [ -d "$run/chkpt" ] || continue
    for file in "$run"/chkpt/*; do
        cmp "$file" "4/$name/chkpt/$(basename "$file")" || fail "$name: another model with 4 jobs"
        compared=$((compared + 1))
    done
done
[ "$compared" -ge 9 ] || fail "only $compared models compared"
cmp -s 1/ROG-4-1/events.jsonl 1/ROG-20-2/events.jsonl && fail "other runs have the same events"

# Restricts the instructions chosen by the C library and oneDNN to what every x86-64 processor has.
plain() { env ONEDNN_MAX_CPU_ISA=SSE41 GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX2,-AVX2_Usable,-AVX,-FMA,-FMA_Usable,-FMA4,-SSE4_2,-ERMS "$@"; }
for library in BSP SSP ROG; do
    printf '{"library":"%s","workload":"none","seconds":2000,"epochs":100,"trace":"synth:indoors","workers":[' $library >config.json
    for rank in 1 2 3 4; do
        printf '%s{"rank":%d,"step_s":1.1,"compress_s":0.39,"decompress_s":0.61,"rank_s":0.3,"server_compress_s":0.1,
            "server_unpack_s":0.1,"packet_headers":0.0456,"send_buffer":4e6,"answers":"waiting","watts_compute":12.7,
            "watts_communicate":4.2,"watts_stall":3.85}' "$([ $rank -gt 1 ] && echo ,)" $rank
    done >>config.json
    echo ']}' >>config.json
    try 0 rog-trainer simulate --config config.json --out here
    try 0 plain rog-trainer simulate --config config.json --out there
    [ "$(wc -l <here/events.jsonl)" -gt 1000 ] || fail "$library: too few events"
    # The first event contains the processor's instructions.
    for folder in here there; do tail -n +2 $folder/events.jsonl >$folder.events; done
    cmp here.events there.events || fail "$library: other events with other instructions"
done
