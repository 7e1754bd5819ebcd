#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# rogctl data get: from a local server to a data set that the trainer can read; a second time; without a
# server; and with a wrong list.
set -u
. "$ROG_SOURCE/tests/system/tools/lib.sh"

command -v python3 >/dev/null || skip 'no python3 to serve files with'

# A file of zeros is a CIFAR-100 of black images, all of class 0.
mkdir -p served/cifar-100-binary
head -c 153700000 /dev/zero >served/cifar-100-binary/train.bin
head -c 30740000 /dev/zero >served/cifar-100-binary/test.bin
tar -C served -cf - cifar-100-binary | gzip -1 >served/set.tar.gz
rm -r served/cifar-100-binary
hash=$(sha256sum <served/set.tar.gz | cut -d' ' -f1)

python3 -u -m http.server --bind 127.0.0.1 --directory served 0 >served.log 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null' EXIT
for attempt in $(seq 1200); do
    port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' served.log)
    [ -z "$port" ] || break
    sleep 0.1
done
[ -n "$port" ] || fail "the server does not start: $(cat served.log)"

cat >list.conf <<END
datasets = ( { name = "cifar100"; title = "black images"; archive = "set.tar.gz"; sha256 = "$hash";
               files = [ "train.bin", "test.bin" ];
               urls = [ "http://127.0.0.1:$port/gone.tar.gz", "http://127.0.0.1:$port/set.tar.gz" ]; } );
END

try 0 rogctl data get cifar100 --list list.conf --to here
says 'gone.tar.gz: the server answers 404'
says "; trying http://127.0.0.1:$port/set.tar.gz"
same 'the line for an experiment file' "data = \"cifar100:$PWD/here\";" "$(cat out)"
same 'what is there' 'test.bin train.bin' "$(ls here | tr '\n' ' ' | sed 's/ $//')"
try 0 rogctl data info "cifar100:$PWD/here" --noise none
prints '0 to 50000 images per class; red, green, blue: mean 0.000'

try 0 rogctl data get cifar100 --list list.conf --to here --json -q
same 'the second time' "cifar100:$PWD/here true null" "$(json '.data + " " + (.was_there | tostring) + " " + (.url | tostring)')"
same 'what it says when quiet' '' "$(cat err)"

# Without --to the data set is in data/NAME; even after interruptions nothing is incomplete.
try 0 rogctl data get cifar100 --list list.conf -q
[ -s data/cifar100/train.bin ] || fail 'not in data/cifar100'
rm -r data

kill "$server"
wait "$server" 2>/dev/null
try 1 rogctl data get cifar100 --list list.conf
says 'cifar100 could not be fetched'
says 'download set.tar.gz elsewhere, put it into data/cifar100 and run this command again'
cp served/set.tar.gz data/cifar100/
try 0 rogctl data get cifar100 --list list.conf
says 'from set.tar.gz'

try 2 rogctl data get mnist
says 'no data set mnist is known; there are cifar100, fed-cifar100'
try 2 rogctl data gte cifar100
says 'data must be followed by get, make or info (found gte)'
try 2 rogctl data
try 2 rogctl data get
try 2 rogctl data get cifar100 --list missing.conf
says 'missing.conf'
try 2 rogctl data info cifar100:nowhere
says '`rogctl data get cifar100` fetches them'
