# SPDX-License-Identifier: Apache-2.0
# For tests of how programs end: . "$ROG_TEST_TOOLS/leaver.sh" after lib.sh, then leaver_make makes
# ./leaver. `leaver N` ends with status 0 after N exchanges, `leaver` when the run has ended.

leaver_make() {
    cat >leaver.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <rog/rog.h>
int main(int count, char **words)
{
    static float weight[1], gradient[1];
    const float *gradients[] = {gradient};
    const uint32_t shape[] = {1};
    int left = count > 1 ? atoi(words[1]) : -1;
    struct rog *rog = NULL;
    struct rog_error err;
    struct rog_rule rule = {.learning_rate = 0.1, .kind = ROG_RULE_NESTEROV};
    struct rog_step step = {.gradients = gradients, .rules = &rule, .rule_count = 1};
    int code = rog_open_from_environment(&rog, &err);
    if (!code)
        code = rog_tensor(rog, "w", 1, shape, weight, ROG_TENSOR_TRAINED, &err);
    if (!code)
        code = rog_start(rog, &err);
    while (!code && !rog_over(rog) && left-- != 0)
        code = rog_exchange(rog, &step, &err);
    if (code)
        fprintf(stderr, "leaver: %s\n", err.message);
    if (left < -1 && !code)
        code = rog_finish(rog, &err);
    else
        exit(code != 0);
    rog_close(rog);
    return code != 0;
}
END
    cc ${ROG_SANITIZE:+-fsanitize=$ROG_SANITIZE} -I"$ROG_SOURCE/include" leaver.c "$ROG_BUILD/lib/librog.so.0" \
        -Wl,-rpath,"$ROG_BUILD/lib" -o leaver || fail "leaver.c"
}
