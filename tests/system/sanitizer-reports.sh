# SPDX-License-Identifier: Apache-2.0
# In a build with sanitizers, a report about a process that no other process waits for fails the tests.
set -eu
skip() { echo "$1"; exit 77; }
[ -n "${ROG_SANITIZE:-}" ] || skip "a build without sanitizers"

cat >race.c <<'END'
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
static int shared;
static void *count(void *number)
{
    for (int i = 0; i < 1000; i++)
        ++*(int *)number;
    return NULL;
}
/* A child that is nobody's: two threads write the same, or it reads what it has freed. */
int main(int argc, char **argv)
{
    if (fork())
        return 0;
    pthread_t thread;
    pthread_create(&thread, NULL, count, &shared);
    count(&shared);
    pthread_join(thread, NULL);
    volatile char *freed = malloc(8);
    free((char *)freed);
    return argc > 1 ? freed[0] + argv[1][0] : 0;
}
END
cc -g -pthread -fsanitize="$ROG_SANITIZE" race.c -o race
reports=$PWD/reports
for name in ASAN TSAN UBSAN; do
    eval "options=\${${name}_OPTIONS:-}"
    export "${name}_OPTIONS=$options:log_path=$reports/daemon"
done
"$ROG_SOURCE/tests/sanitizer-reports" "$reports" || { echo "a report of nothing"; exit 1; }
./race x
i=0
while ! grep -qs SUMMARY "$reports"/daemon.*; do
    i=$((i + 1))
    [ $i -lt 600 ] || { echo "no report of a process below"; exit 1; }
    sleep 0.1
done
if "$ROG_SOURCE/tests/sanitizer-reports" "$reports" >said; then
    echo "a report was not looked at"
    exit 1
fi
grep -q "^---- daemon" said

# A program without the environment writes its reports beside those of all others.
options=$(strings -a "$ROG_BUILD/bin/rog-trainer" | grep ":log_path=") || { echo "rog-trainer says nothing of reports"; exit 1; }
case $options in
*"log_path=$ROG_BUILD/sanitizer-reports/without-environment") ;;
*) echo "reports go to: $options"; exit 1 ;;
esac
