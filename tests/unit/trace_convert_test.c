/* SPDX-License-Identifier: Apache-2.0 */
/* Other people's recordings as traces; the published replay logs give the published traces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <librog/trace/convert.h>
#include <librog/trace/source.h>

static struct rog_trace *convert(const char *format, const char *text)
{
    struct rog_trace *trace = NULL;
    struct rog_error err = {0};
    if (rog_trace_convert(&trace, format, text, strlen(text), "memory", &err))
        fail_msg("%s", err.message);
    return trace;
}

static void refuse(const char *format, const char *text, const char *part)
{
    struct rog_trace *trace = NULL;
    struct rog_error err = {0};
    int code = rog_trace_convert(&trace, format, text, strlen(text), "log", &err);
    assert_true(code == ROG_EFORMAT || code == ROG_EINVAL);
    assert_null(trace);
    if (!strstr(err.message, part))
        fail_msg("\"%s\" does not say \"%s\"", err.message, part);
}

static void near(double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-9))
        fail_msg("%.12g, expected %.12g", found, expected);
}

static void replay_logs(void **state)
{
    (void)state;
    struct rog_trace *trace = convert("replay", "wnic_name wlan0\n"
                                                "RTNETLINK answers: No such file or directory\n"
                                                "2022-12-31 23:59:59,500 2.5\r\n"
                                                "Stop for 71 seconds\n"
                                                "2023-01-01 00:01:10,250 0.0\n"
                                                "2023-01-01 00:01:11,250 80\n");
    assert_int_equal(trace->count, 3);
    near(trace->start_s[1], 70.75);
    near(trace->start_s[2], 71.75);
    near(trace->span_s, 72.75);
    near(trace->mbps[0], 2.5);
    near(trace->mbps[1], 0);
    rog_trace_scale(trace, 0.5);
    near(trace->mbps[2], 40);
    near(rog_trace_finish(trace, 70.75, 20e6), 72.25);
    near(rog_trace_finish(trace, 0, trace->period_bits), 72.75);
    rog_trace_free(trace);
    refuse("replay", "2022-12-31 23:59:59,500\n", "log:1: must be");
    refuse("replay", "2022-12-31 23:59:59,500 3 4\n", "log:1: must be");
    refuse("replay", "2022-12-31 23:59:59,500 1\n2022-12-31 23:59:59,500 2\n",
           "log:2: the time must be greater");
    refuse("replay", "nothing here\n", "log: the trace has no values");
    refuse("replay", "2022-12-31 23:59:59,500 -1\n", "log:1: the rate must be 0 or more");
}

static void packet_traces(void **state)
{
    (void)state;
    /* Three packets in the first half second, none in the second, one in what there is of the
     * third. */
    struct rog_trace *trace = convert("mahimahi", "0\n100\n500\n1250\n");
    assert_int_equal(trace->count, 3);
    near(trace->mbps[0], 3 * 12000 / 0.5e6);
    near(trace->mbps[1], 0);
    near(trace->mbps[2], 12000 / 0.25e6);
    near(trace->span_s, 1.25);
    rog_trace_free(trace);
    refuse("mahimahi", "5\n4\n", "log:2: 4 ms is before");
    refuse("mahimahi", "5\nx\n", "log:2: must be a whole number");
    refuse("mahimahi", "-5\n", "log:1: must be a whole number");
    refuse("mahimahi", "5 6\n", "log:1: must be a whole number");
    refuse("mahimahi", "1.5\n", "log:1: must be a whole number");
    refuse("mahimahi", "99999999999\n", "log:1: must be a whole number");
    refuse("mahimahi", "\n# nothing\n", "log: the trace has no values");
    refuse("mahimahi", "0\n0\n", "lasts until its last packet");
    refuse("pcap", "1\n", "csv|replay|mahimahi");
}

/* However many packets there are and wherever the last one is: as mahimahi plays it, 12,000 bits a
 * packet over the time until the last one. */
static void packet_traces_keep_their_mean(void **state)
{
    (void)state;
    static const int every_ms[] = {1, 7, 60, 499, 500, 501}, counts[] = {1, 2, 3, 1000};
    for (size_t e = 0; e < sizeof every_ms / sizeof *every_ms; e++) {
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            char text[8192] = "";
            size_t used = 0;
            for (int i = 1; i <= counts[c]; i++)
                used += (size_t)snprintf(text + used, sizeof text - used, "%d\n", i * every_ms[e]);
            struct rog_trace *trace = convert("mahimahi", text);
            near(trace->period_bits / trace->span_s / 1e6, 12.0 / every_ms[e]);
            if (trace->count > 1)
                near(trace->span_s, counts[c] * every_ms[e] / 1e3);
            rog_trace_free(trace);
        }
    }
}

/* What other programs put into text files beside rows. */
static void files_as_other_programs_write_them(void **state)
{
    (void)state;
    static const char *const same[] = {
        "seconds,mbps\n0,1\n2,3\n",
        "seconds,mbps\n0,1\n2,3",
        "\xef\xbb\xbfseconds,mbps\r\n0,1\r\n2,3\r\n",
        "seconds,mbps\r0,1\r2,3\r",
        "\n# by hand\nseconds,mbps\n\n0,1\n  \n% 1,9\n2,3\n\n",
        "\"seconds\",\"mbps\"\n\"0\", 1\n 2 , \"3\" \n",
        "seconds\tmbps\n0\t1\n2\t3\n",
        "seconds mbps\n0  1\n 2\t3\n",
        "seconds;mbps\n0;1\n2;3\n",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct rog_trace *trace = convert("csv", same[i]);
        assert_int_equal(trace->count, 2);
        near(trace->start_s[1], 2);
        near(trace->mbps[0], 1);
        near(trace->mbps[1], 3);
        rog_trace_free(trace);
    }
    struct rog_trace *trace = convert("mahimahi", "\xef\xbb\xbf# by hand\r\n250\r\n\r\n 500\r\n");
    near(trace->period_bits / trace->span_s, 48000);
    rog_trace_free(trace);
    refuse("csv", "seconds,mbps\n0,1,5\n1,2,5\n", "log:2: must be two numbers");
    refuse("csv", "seconds;mbps\n0;1,5\n", "log:2: must be two numbers");
    refuse("csv", "\nseconds,Mbps\n0,1\n", "log:2: a bandwidth trace begins with");
    refuse("csv", "\nseconds,Mbps\n0,1\n", "(found \"seconds,Mbps\"); hint: ");
    refuse("csv", "seconds,mbps\n0,\"1\n", "log:2: must be two numbers");
    refuse("csv", "\xff\xfes\0e\0", "log: is text in UTF-16");
    refuse("replay", "\x1f\x8b\x08", "log: is compressed");
}

static void the_published_logs(void **state)
{
    (void)state;
    const char *data = getenv("ROG_SHARED_DATA");
    int found = 0;
    for (int rank = 1; rank <= 4; rank++) {
        char *log =
            rog_format("%s/rog-artifact/result/06-23-01-50-BSP-0-outdoors/log/bw_replay-%d.txt",
                       data ? data : "", rank);
        char *csv = rog_format("%s/traces/outdoors-worker%d.csv", data ? data : "", rank);
        if (rog_file_exists(log) && rog_file_exists(csv)) {
            char *text = NULL;
            size_t size = 0;
            struct rog_trace *published = NULL, *converted = NULL;
            struct rog_error err = {0};
            if (rog_file_read(log, 1 << 20, &text, &size, &err) ||
                rog_trace_convert(&converted, "replay", text, size, log, &err) ||
                rog_trace_open(&published, csv, 1, 1, &err))
                fail_msg("%s", err.message);
            assert_int_equal(converted->count, published->count);
            for (uint32_t i = 0; i < published->count; i++) {
                assert_true(fabs(converted->start_s[i] - published->start_s[i]) < 1e-6);
                assert_true(fabs(converted->mbps[i] - published->mbps[i]) < 1e-6);
            }
            rog_trace_free(published);
            rog_trace_free(converted);
            free(text);
            found++;
        }
        free(log);
        free(csv);
    }
    if (!found) {
        print_message("skipped: no published logs in ROG_SHARED_DATA\n");
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replay_logs),
        cmocka_unit_test(packet_traces),
        cmocka_unit_test(packet_traces_keep_their_mean),
        cmocka_unit_test(files_as_other_programs_write_them),
        cmocka_unit_test(the_published_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
