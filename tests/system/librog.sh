#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# librog as users install it: it exports what its header declares, in both forms; the example is
# compiled with either by pkg-config, and by CMake's package, and two workers learn with it from a
# server without a model of its own. Needs ROG_BUILD, ROG_SOURCE, for a build with sanitizers
# ROG_SANITIZE, and the programs in PATH; works in the current folder, which must be empty.
set -eu

fail()
{
    echo "$*" >&2
    exit 1
}

cmake --install "$ROG_BUILD" --component librog --prefix "$PWD/usr" >log || fail "$(cat log)"
export PKG_CONFIG_PATH="$PWD/usr/lib/pkgconfig"
export ROG_PLUGIN_PATH="$ROG_BUILD/lib/rog/plugins"

sed -n 's/^ROG_EXPORT .*[ *]\(rog_[a-z_]*\)(.*/\1/p' usr/include/rog/rog.h | sort >declared
[ "$(wc -l <declared)" -gt 10 ] || fail "the header declares next to nothing"
nm -D --defined-only usr/lib/librog.so | sed -n 's/.* T \(rog_[a-z_]*\)@@ROG_.*/\1/p' | sort >shared
nm -D --defined-only usr/lib/librog.so | grep -v ' A ROG_' | wc -l >count
nm usr/lib/librog.a | sed -n 's/.* [BDRT] \(.*\)/\1/p' | sort >static
cmp declared shared || fail "librog.so exports other functions than its header declares"
[ "$(cat count)" -eq "$(wc -l <declared)" ] || fail "librog.so exports more than functions of the header"
cmp declared static || fail "librog.a exports other names than its header declares"

example=$ROG_SOURCE/examples/perceptron.c
[ "$(wc -l <"$example")" -lt 80 ] || fail "the example has 80 lines or more"
export CFLAGS="${ROG_SANITIZE:+-fsanitize=$ROG_SANITIZE}"
warnings="-std=gnu11 -O2 -Wall -Wextra -Werror $CFLAGS"
cc $warnings "$example" $(pkg-config --cflags --libs rog) -lm -Wl,-rpath,"$PWD/usr/lib" -o shared.out
mkdir static-only
ln -s ../usr/lib/librog.a static-only/
cc $warnings "$example" $(pkg-config --cflags rog) -Lstatic-only $(pkg-config --static --libs rog | sed 's/-L[^ ]*usr[^ ]*lib\/*\( \|$\)/ /') \
    -lm -o static.out
ldd static.out | grep librog && fail "the static example wants the shared library"

# A program may use jansson itself: librog does not change jansson's settings there.
cat >jansson.c <<'END'
#include <jansson.h>
#include <rog/rog.h>
#include <stdio.h>
#include <stdlib.h>
static void *own_malloc(size_t bytes)
{
    return malloc(bytes);
}
static const char *who(void)
{
    json_malloc_t allocate;
    json_free_t release;
    json_get_alloc_funcs(&allocate, &release);
    return release == free ? allocate == malloc ? "libc" : allocate == own_malloc ? "own" : "other" : "other";
}
int main(void)
{
    struct rog_options options;
    struct rog *rog = NULL;
    struct rog_error err;
    printf("%s", who());
    json_set_alloc_funcs(own_malloc, free);
    rog_options_init(&options);
    options.config = "{\"no\": 1";
    printf(" %d", rog_open(&rog, &options, &err) < 0);
    printf(" %s\n", who());
    return 0;
}
END
cc $warnings jansson.c $(pkg-config --cflags --libs rog jansson) -Wl,-rpath,"$PWD/usr/lib" -o jansson.out
[ "$(./jansson.out)" = "libc 1 own" ] || fail "librog changes how the program's jansson allocates: $(./jansson.out)"

mkdir package
cat >package/CMakeLists.txt <<END
cmake_minimum_required(VERSION 3.21)
project(example C)
find_package(rog REQUIRED)
add_executable(perceptron $example)
target_link_libraries(perceptron rog::rog m)
END
cmake -S package -B package/build -Drog_DIR="$PWD/usr/lib/cmake/rog" >log && cmake --build package/build >>log ||
    fail "$(cat log)"

head -c 32 /dev/urandom >key
chmod 600 key

# cluster SERVER_OPTIONS...: executes a run of two workers, one with each form of the library
cluster()
{
    rm -rf port run
    rog-trainer serve --workers 2 --key-file key --listen 127.0.0.1:0 --port-file port --out run "$@" &
    server=$!
    for _ in $(seq 2400); do
        [ -s port ] && break
        sleep 0.05
    done
    ./shared.out "127.0.0.1:$(cat port)" key 1 2 >first &
    worker=$!
    ./static.out "127.0.0.1:$(cat port)" key 2 2 >second || fail "the second worker failed"
    wait $worker || fail "the first worker failed"
    wait $server || fail "the server failed"
}
cluster
for said in first second; do
    tail -n 1 $said | grep -qE '^iteration 400: .* 6[0-4] of 64 right' || fail "$(cat $said)"
done
tail -n 1 run/events.jsonl | grep -q '"event":"end","t":[^,]*,"iterations":400' || fail "no end"
last=$(ls run/chkpt | tail -n 1)
head -c 400 "run/chkpt/$last" | grep -aq '"w":{"dtype":"F32","shape":\[32,4\]' ||
    fail "the checkpoint does not have the example's tensor"

# Python finds the library beside it, without torch as well.

PYTHONPATH=$PWD/usr/lib/rog/python python3 -B -c 'import rog; print(rog.version())' >said 2>&1 || fail "$(cat said)"
grep -qx '[0-9.]*' said || fail "$(cat said)"

# Wrong use is reported as an error.
./shared.out 127.0.0.1:1 nokey 1 1 2>said && fail "without a key"
grep -q 'cannot open key file nokey' said || fail "$(cat said)"
./package/build/perceptron 2>said && fail "without a server"
grep -q 'ROG_SERVER is not set: rogctl did not start this program' said || fail "$(cat said)"
rog-trainer serve --workers 2 --config x --key-file key --out run 2>said && fail "both forms"
grep -q 'needs --config FILE or --workers N' said || fail "$(cat said)"
rog-trainer serve --config x --threshold 3 --key-file key --out run 2>said && fail "--threshold"
grep -q 'can be given only with --workers' said || fail "$(cat said)"
