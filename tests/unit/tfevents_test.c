/* SPDX-License-Identifier: Apache-2.0 */
/* TensorBoard's event files, byte by byte; tests/system/tensorboard.sh has TensorBoard read them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <orchestrator/export/tfevents.h>

/* RFC 3720, B.4, and the check value of CRC-32C. */
static void checksums_are_those_of_the_standard(void **state)
{
    unsigned char bytes[32] = {0};
    (void)state;
    assert_int_equal(rog_crc32c(bytes, sizeof bytes), 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(rog_crc32c(bytes, sizeof bytes), 0x62a8ab43);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    assert_int_equal(rog_crc32c(bytes, sizeof bytes), 0x46dd794e);
    assert_int_equal(rog_crc32c("123456789", 9), 0xe3069283);
}

/* The messages of wall time 1.5 and "brain.Event:2", and for "a" = 0.5 at step 300. */
static void records_hold_the_messages(void **state)
{
    static const unsigned char wanted[] = {
        0x18, 0,   0,   0,   0,   0,   0,   0, /* 24 bytes */
        0,    0,   0,   0,                     /* not compared: its checksum */
        0x09, 0,   0,   0,   0,   0,   0,   0xf8, 0x3f, 0x1a, 0x0d, 'b',
        'r',  'a', 'i', 'n', '.', 'E', 'v', 'e',  'n',  't',  ':',  '2',
    };
    char *text = NULL;
    size_t size = 0;
    (void)state;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    assert_true(rog_tfevents_begin(file, 1.5));
    assert_true(rog_tfevents_scalar(file, 1.5, 300, "a", 0.5));
    assert_int_equal(fclose(file), 0);
    assert_memory_equal(text, wanted, 8);
    assert_memory_equal(text + 12, wanted + 12, 24);
    static const unsigned char second[] = {0x09, 0,    0,    0,    0,    0,    0,    0xf8,
                                           0x3f, 0x10, 0xac, 0x02, 0x2a, 0x0a, 0x0a, 0x08,
                                           0x0a, 0x01, 'a',  0x15, 0,    0,    0,    0x3f};
    size_t at = 12 + 24 + 4 + 12;
    assert_int_equal(size, at + sizeof second + 4);
    assert_memory_equal(text + at, second, sizeof second);
    free(text);
}

static void damaged_text_becomes_valid(void **state)
{
    struct rog_protobuf message = {0};
    (void)state;
    rog_protobuf_text(&message, 1,
                      "a\xff"
                      "b");
    assert_false(message.failed);
    assert_int_equal(message.size, 7);
    assert_memory_equal(message.data,
                        "\x0a\x05"
                        "a\xef\xbf\xbd"
                        "b",
                        7);
    rog_protobuf_release(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums_are_those_of_the_standard),
        cmocka_unit_test(records_hold_the_messages),
        cmocka_unit_test(damaged_text_becomes_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
