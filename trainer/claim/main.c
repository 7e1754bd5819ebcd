/* SPDX-License-Identifier: Apache-2.0 */
/* rog-claim: rogctl runs it on a host to hold it for a sweep, or to wait for it. It needs only the
 * C library. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <common/cli.h>
#include <common/clock.h>
#include <trainer/claim/claim.h>
#include <trainer/shape/lease.h>

#define STEP_NS 200000000L
#define HEX "0123456789abcdef"

int main(int argc, char **argv)
{
    const struct timespec step = {0, STEP_NS};
    struct rog_error err = {0};
    struct rog_claim claim;
    double patience_s = argc == 5 ? strtod(argv[4], NULL) : 0;
    if (!(patience_s > 0) || strlen(argv[1]) != ROG_CLAIM_TOKEN_BYTES - 1 ||
        strspn(argv[1], HEX) != strlen(argv[1])) {
        fprintf(stderr, "usage: rog-claim TOKEN TEXT FILE SECONDS\n"
                        "\n"
                        "Waits for this host and holds it for TEXT, until FILE is removed or has "
                        "not been touched\n"
                        "for SECONDS. TOKEN is 16 hexadecimal digits.\n");
        return ROG_EXIT_USAGE;
    }
    if (rog_claim_enter(&claim, argv[1], argv[2], &err)) {
        fprintf(stderr, "%s\n", err.message);
        return ROG_EXIT_FAILED;
    }
    struct rog_lease lease = {.path = argv[3]};
    while (!rog_lease_is_over(&lease, patience_s, rog_clock_s()))
        nanosleep(&step, NULL);
    unlink(argv[3]);
    rog_claim_leave(&claim);
    return ROG_EXIT_OK;
}
