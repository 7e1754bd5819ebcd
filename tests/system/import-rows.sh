# SPDX-License-Identifier: Apache-2.0
# Import loses no row silently, with any line ends, in any order, complete or cut off.
. "$ROG_TEST_TOOLS/lib.sh"

run=whole/result/01-02-03-04-SSP-4-outdoors
mkdir -p $run/log
printf 'SSP:\nworld_size: 2\nthreshold: 4\nbw control: outdoors\nepoch: 2\nE: [25, 1]\nnote: SSP 4\n' >$run/config
printf '#outdoors-case0\n01-02-03-04-SSP-4-outdoors\n' >whole/experiment_records.txt
printf 'time,iteration,accuracy\n0.01,0,52.88\n60.5,2,52.93\n120.5,3,53.1\n' >$run/accuracy.csv
{
    echo "2022-07-01 10:00:00,000 Worker started."
    for i in 1 2 3; do
        echo "2022-07-01 10:0$i:00,000 Iteration $i worker0"
        echo "2022-07-01 10:0$i:00,000 computation: 1.25; avg 1; sum 1; sleep:0.00 total compute+compress+sleep: 6.0"
        echo "2022-07-01 10:0$i:00,001 loss: $i.5 loss avg: 4.$i"
    done
} >$run/log/worker_1.log
for i in 1 2 3; do echo "2022-06-30 09:00:0$i,000 0, stall waiting, $i.5"; done >$run/log/worker_0.log
for s in 05 15 35; do echo "2022-07-01 10:00:$s,000 energy (J): TOTAL 1$s.5 CPU 1.0 SOC 2.0"; done >$run/log/energy-1.txt
for s in 05 15 35; do echo "2022-07-01 10:00:$s,000 $s.25"; done >$run/log/bw_replay-1.txt

# Prints everything that is stored of a run.
stored() {
    rm -f $1.db*
    try 0 rogctl import $1 --db $1.db --json
    for table in iterations energy bandwidth checkpoints case_runs; do
        query "SELECT * FROM $table ORDER BY 1, 2, 3" $1.db
    done
}
# FOLDER COMMAND...: filters each file of a copy through the command.
changed() {
    rm -rf "$1"
    cp -r whole "$1"
    find "$1" -type f | while read -r file; do "$2" <"$file" >new && mv new "$file"; done
}
unended() { head -c -1; }
crlf() { sed 's/$/\r/'; }
cr() { tr '\n' '\r'; }
marked() { printf '\357\273\277' && cat; }
spaced() { sed 's/$/\n/'; }
twice_unended() { sed 's/$/\r/' | head -c -2; }

stored whole >expected
same "rows" 13 "$(wc -l <expected)"
same "nothing refused" 0 "$(json '[.files[][].refused, .records.refused] | add')"
same "settings that rogctl does not know" "[25, 1]" "$(query "SELECT json_extract(config, '\$.published_config.E') FROM runs" whole.db)"
for how in unended crlf cr marked spaced twice_unended; do
    changed $how $how
    stored $how >found
    cmp expected found || fail "other rows where files are $how"
    same "nothing refused of files that are $how" 0 "$(json '[.files[][].refused, .records.refused] | add')"
done

# The last line has no line end: 53.1 may be the beginning of 53.12. It is accepted, with a remark.
try 0 rogctl import unended --db again.db
says "accuracy.csv: 3 accuracies in 4 lines, all stored; the last one has no newline and was read as it is"

# Rows in another order are sorted and reported; duplicates are counted.
changed shuffled cat
shuffled=shuffled/result/01-02-03-04-SSP-4-outdoors
{ printf 'time,iteration,accuracy\n'; tail -n +2 $run/accuracy.csv | tac; } >$shuffled/accuracy.csv
tac $run/log/energy-1.txt >$shuffled/log/energy-1.txt
tac $run/log/bw_replay-1.txt >$shuffled/log/bw_replay-1.txt
{ sed -n 1,4p $run/log/worker_1.log; sed -n 8,10p $run/log/worker_1.log; sed -n 5,7p $run/log/worker_1.log; } >$shuffled/log/worker_1.log
stored shuffled >found
cmp expected found || fail "other rows where files are in another order"
same "sorted" "config 0
log/worker_1.log 1
log/worker_0.log 0
log/energy-1.txt 2
log/bw_replay-1.txt 2
accuracy.csv 2" "$(json '.files[][] | "\(.file) \(.sorted)"')"
changed doubled cat
for file in accuracy.csv log/energy-1.txt log/bw_replay-1.txt; do
    tail -1 $run/$file >>doubled/result/01-02-03-04-SSP-4-outdoors/$file
done
sed -n 2,4p $run/log/worker_1.log >>doubled/result/01-02-03-04-SSP-4-outdoors/log/worker_1.log
stored doubled >found
cmp expected found || fail "other rows where rows are there twice"
same "twice" 4 "$(json '[.files[][].refused] | add')"
try 0 rogctl show 01-02 --db doubled.db
prints "log/energy-1.txt: 4 readings in 4 lines, 3 stored; 1 rejected: the same as the row before (line 4)"

# An incomplete last row is rejected, and complete ones are kept.
for file in accuracy.csv log/worker_1.log log/worker_0.log log/energy-1.txt log/bw_replay-1.txt; do
    changed half cat
    half=half/result/01-02-03-04-SSP-4-outdoors/$file
    size=$(wc -c <$run/$file)
    last=$(tail -1 $run/$file | wc -c)
    for cut in $((last - 2)) $((last / 2)); do
        head -c $((size - cut)) $run/$file >$half
        stored half >found
        same "rows of $file with $cut bytes less" "$(json ".files[][] | select(.file == \"$file\") | .rows")" \
            "$(json ".files[][] | select(.file == \"$file\") | .stored + .refused")"
        same "refused of $file with $cut bytes less" 1 "$(json ".files[][] | select(.file == \"$file\") | .refused")"
    done
done

# A message within another one's line is not lost; a damaged row keeps its place.
changed torn cat
torn=torn/result/01-02-03-04-SSP-4-outdoors/log
sed -i "2s/^/ First transmitted 5 total 9 least 5 b'x'/" $torn/worker_0.log
stored torn >found
cmp expected found || fail "other rows where a message is in the middle of a line"
sed -i 's/stall waiting, 2.5/stall waiting, 2.x/' $torn/worker_0.log
stored torn >found
same "stalls" "1.5||3.5" "$(query "SELECT group_concat(coalesce(stall_s, ''), '|') FROM iterations" torn.db)"
same "the reason" "not understood" "$(json '.files[][] | select(.refused == 1) | .refusals[0].reason')"

# An absurd value is rejected, and the others are kept.
changed huge cat
sed -i '1s/.*/2022-07-01 09:59:00,000 energy (J): TOTAL 2.5 CPU 1.0\n2022-07-01 10:00:04,000 energy (J): TOTAL 1e308 CPU 1.0/' \
    huge/result/01-02-03-04-SSP-4-outdoors/log/energy-1.txt
try 0 rogctl import huge --db huge.db
says "log/energy-1.txt: 4 readings in 4 lines, 3 stored; 1 rejected: not understood (line 2)"

# Missing files are reported with their cause; files that are not read are named.
changed missing cat
missing=missing/result/01-02-03-04-SSP-4-outdoors
rm $missing/log/worker_1.log
echo "more" >$missing/log/more.txt
iconv -t UTF-16 $run/accuracy.csv >$missing/accuracy.csv
try 0 rogctl import missing --db missing.db -v
says "log/worker_1.log is missing"
says "log/energy-1.txt: 3 readings in 3 lines, 0 stored; 3 rejected: its host's clock cannot be aligned: the worker's log is missing or empty (first in line 1)"
says "log/bw_replay-1.txt: 3 rates in 3 lines, 0 stored; 3 rejected: its host's clock cannot be aligned: the worker's log is missing or empty (first in line 1)"
says "log/worker_0.log: 3 stalls in 3 lines, 0 stored; 3 rejected: of a worker whose log is missing or does not contain its rank (first in line 1)"
says "accuracy.csv is not read: is text in UTF-16"
says "log/more.txt: not read: not a known file of a run"
! grep -q "power sensor\|has no rates\|has no readings" err || fail "a cause that is none"

# A single wrong row affects no other: a value or a date out of line with its neighbours, or a damaged
# row.
changed wrong cat
wrong=wrong/result/01-02-03-04-SSP-4-outdoors/log
for s in 40 45 50; do echo "2022-07-01 10:00:$s,000 energy (J): TOTAL 1$s.5 CPU 1.0"; done >>$wrong/energy-1.txt
sed -i '2s/TOTAL [0-9.]*/TOTAL 999999.5/;4s/TOTAL [0-9.]*/TOTAL 0.5/;5s/^2022/1970/;6s/TOTAL [0-9.]*/TOTAL 99999999/' $wrong/energy-1.txt
printf '2022-13-45 10:00:00,000 7.5\n2022-07-01 10:00:50,000 1e9\n2022-07-01 10:00:51,000\nStop for 9 seconds\nnonsense\n' >>$wrong/bw_replay-1.txt
sed -i '5,7d' $wrong/worker_1.log
try 0 rogctl import wrong --db wrong.db
for what in "more than readings after it (line 2)" "less than readings before it (line 4)" \
    "its date is over 30 days from the run's start (line 5)" "far more than the reading before it (line 6)" \
    "7 rates in 8 lines, 3 stored; 1 other line; 4 rejected: not understood (first in line 4)" \
    "log/worker_1.log: iteration 2 is missing"; do
    says "$what"
done
same "readings that are right" "105.5|30.0" "$(query "SELECT 105.5, max(joules) FROM energy" wrong.db)"

# Summaries of the server that are cut off are not mistaken for stalls.
changed summary cat
printf '2022-06-30 09:00:09,000 IMPORTANT stall time avg:, [1.5], 1.5' >>summary/result/01-02-03-04-SSP-4-outdoors/log/worker_0.log
stored summary >found
cmp expected found || fail "other rows behind a summary without a line end"
same "a summary that is refused" 0 "$(json '[.files[][].refused] | add')"

# Causes of unreadable files are named.
for name in config accuracy.csv log/worker_1.log; do
    changed bare cat
    : >bare/result/01-02-03-04-SSP-4-outdoors/$name
    [ $name = config ] && code=1 || code=0
    try $code rogctl import bare --db bare-$code.db
    says "$name is empty"
    rm -f bare-$code.db*
done
says "1 worker, 1 without a log"
rm bare/result/01-02-03-04-SSP-4-outdoors/config
try 3 rogctl import bare/result/01-02-03-04-SSP-4-outdoors
says "01-02-03-04-SSP-4-outdoors/config is missing"

# A file without problems is one line; details are shown on request.
try 0 rogctl import whole --db quiet.db
same "lines of a run that is whole" 2 "$(grep -c . err)"
try 0 rogctl import whole --db verbose.db -v
says "log/worker_1.log: 3 iterations in 10 lines, all stored"

# Without the server's log the time of a pull is unknown, because it is logged including the stall.
changed alone cat
alone=alone/result/01-02-03-04-SSP-4-outdoors
rm $alone/log/worker_0.log
try 0 rogctl import alone --db alone.db
says "3 of 3 iterations have no pull time"
same "time of pulling" 0 "$(query "SELECT count(pull_s) FROM iterations" alone.db)"
try 0 rogctl show 01-02 --db alone.db
grep -q "^communication *-$" out || fail "a communication that nobody knows"
! grep -q "^pushed" out || fail "bytes that nobody counted"

# Meters continue after the run: energy counts until its end. Readings at 0 s and 300 s differ by 100 J.
changed meters cat
echo "2022-07-01 10:05:00,000 energy (J): TOTAL 205.5 CPU 1.0" >>meters/result/01-02-03-04-SSP-4-outdoors/log/energy-1.txt
try 0 rogctl import meters --db meters.db
try 0 rogctl show 01-02 --db meters.db --json
same "energy until the end" true "$(json '.seconds as $s | .energy_j | . > 60 and . < 80 and $s < 181')"

# The published runs, counted by other programs.
shared=$ROG_SHARED_DATA/rog-artifact
[ -d "$shared" ] || { echo "no $shared: made-up logs only"; exit 0; }
try 0 rogctl import "$shared" --db published.db --json
cp out published.json
# RUN FILE TABLE CONDITION ROWS: compares the numbers of rows in the file, in the account, and in the
# table.
counted() {
    account=$(jq -r ".files[\"$1\"][] | select(.file == \"$2\") | \"\(.rows) \(.stored) \(.stored + .refused)\"" published.json)
    in_table=$(query "SELECT count(*) FROM $3 WHERE run_id = '$1' AND $4" published.db)
    same "rows of $1/$2" "$5 $in_table $5" "$account"
}
for folder in "$shared"/result/*; do
    id=$(basename "$folder")
    same "files of $id" "$(cd "$folder" && find . -type f | wc -l)" "$(jq ".files[\"$id\"] | length" published.json)"
    counted "$id" accuracy.csv checkpoints 1 "$(awk 'NR > 1 && NF { n++ } END { print n + 0 }' "$folder/accuracy.csv")"
    counted "$id" log/worker_0.log iterations "stall_s IS NOT NULL" "$(grep -aoE '[0-3],? stall waiting' "$folder/log/worker_0.log" | wc -l)"
    for rank in 1 2 3 4; do
        counted "$id" log/worker_$rank.log iterations rank=$rank "$(grep -ac ' Iteration ' "$folder/log/worker_$rank.log")"
        counted "$id" log/bw_replay-$rank.txt bandwidth rank=$rank \
            "$(grep -acE '^[-0-9]{10} [:0-9]{8},[0-9]{3} [0-9.]+$' "$folder/log/bw_replay-$rank.txt")"
        [ ! -e "$folder/log/energy-$rank.txt" ] ||
            counted "$id" log/energy-$rank.txt energy rank=$rank "$(grep -acF 'energy (J): TOTAL' "$folder/log/energy-$rank.txt")"
    done
done
same "what is refused" "from before the start
of an iteration that its worker's log does not have" "$(jq -r '.files[][].refusals[]?.reason' published.json | sort -u)"

# Missing stalls do not shift later ones: their iterations are determined from times.
cp -r "$shared" gap
chmod -R u+w gap
for log in gap/result/*/log/worker_0.log; do
    sed -i '1,40d;3000,3010d;5000,5200d' "$log"
done
try 0 rogctl import gap --db gap.db
grep -q "stalls of worker 3 for 1040 iterations: [0-9]* missing in between" err || fail "a gap that is not said"
same "stalls at another iteration" 0 "$(query "ATTACH 'published.db' AS whole; SELECT count(*) FROM iterations AS found
    JOIN whole.iterations AS had USING (run_id, rank, iteration) WHERE found.stall_s != had.stall_s" gap.db)"
same "most are there" 1 "$(query "SELECT count(stall_s) > 0.97 * count(*) FROM iterations" gap.db)"
