/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings of other programs as traces; the published replay logs give the published traces. */
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
    struct rog_trace_conversion how = {.format = format};
    if (rog_trace_convert(&trace, &how, text, strlen(text), "memory", &err))
        fail_msg("%s", err.message);
    return trace;
}

static void refuse(const char *format, const char *text, const char *part)
{
    struct rog_trace *trace = NULL;
    struct rog_error err = {0};
    struct rog_trace_conversion how = {.format = format};
    int code = rog_trace_convert(&trace, &how, text, strlen(text), "log", &err);
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

/* With --bidir: what the client sent and what it received. */
static const char iperf3[] =
    "{\"start\": {\"sock_bufsize\": 0, \"sock_bufsize\": 0, \"test_start\": {\"reverse\": 0}}, "
    "\"intervals\": ["
    "{\"streams\": [], \"sum\": {\"start\": 0, \"end\": 1, \"bits_per_second\": 9e9, \"omitted\": "
    "true,"
    " \"sender\": true}},"
    "{\"streams\": [], \"sum\": {\"start\": 1, \"end\": 2.5, \"bits_per_second\": 20e6, "
    "\"omitted\":"
    " false, \"sender\": true}, \"sum_bidir_reverse\": {\"start\": 1, \"end\": 2.5,"
    " \"bits_per_second\": 60e6, \"sender\": false}},"
    "{\"streams\": [], \"sum\": {\"start\": 2.5, \"end\": 3, \"bits_per_second\": 0, \"sender\": "
    "true},"
    " \"sum_bidir_reverse\": {\"start\": 2.5, \"end\": 3, \"bits_per_second\": 5e6,"
    " \"sender\": false}}]}";

static struct rog_trace *convert_as(struct rog_trace_conversion how, const char *text)
{
    struct rog_trace *trace = NULL;
    struct rog_error err = {0};
    if (rog_trace_convert(&trace, &how, text, strlen(text), "memory", &err))
        fail_msg("%s", err.message);
    return trace;
}

static void iperf3_json(void **state)
{
    (void)state;
    static const struct {
        const char *direction;
        double first, second;
    } cases[] = {{"up", 20, 0}, {"down", 60, 5}, {"both", 30, 0}, {NULL, 30, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_trace *trace = convert_as(
            (struct rog_trace_conversion){.format = "iperf3", .direction = cases[i].direction},
            iperf3);
        assert_int_equal(trace->count, 2);
        near(trace->mbps[0], cases[i].first);
        near(trace->mbps[1], cases[i].second);
        near(trace->start_s[1], 1.5);
        near(trace->span_s, 2);
        rog_trace_free(trace);
    }
    /* An older iperf3 with --reverse: one direction, which is not named. */
    static const char one[] =
        "{\"start\": {\"test_start\": {\"reverse\": 1}}, \"intervals\": [{\"sum\": {\"start\": 0,"
        " \"end\": 1.25, \"bits_per_second\": 7e6}}]}";
    struct rog_trace *trace = convert("iperf3", one);
    near(trace->mbps[0], 7);
    rog_trace_free(trace);
    refuse("iperf3", "{\"intervals\": [], \"error\": \"unable to connect\"}", "unable to connect");
    refuse("iperf3", "{\"intervals\": [{\"sum\": {\"start\": 0}}]}", "interval 1 has no rate");
    refuse("iperf3", "Connecting to host", "log: ");
}

static void rows_of_the_probe(void **state)
{
    (void)state;
    static const char rows[] = "seconds,rank,up_mbps,down_mbps,probe_bytes,probe_s\n"
                               "0.1,1,10,30,1000,0.1\n"
                               "0.2,2,4,4,1000,0.1\n"
                               "1.1,1,,10,1000,0.1\n"
                               "1.2,2,0,0,0,0.5\n"
                               "2.1,1,20,20,1000,0.1\n"
                               "3,0,,,,\n";
    struct rog_trace *trace =
        convert_as((struct rog_trace_conversion){.format = "probe", .rank = 1}, rows);
    assert_int_equal(trace->count, 3);
    near(trace->mbps[0], 15);
    near(trace->mbps[1], 10); /* the rate up is that of the row before */
    near(trace->mbps[2], 20);
    near(trace->start_s[1], 0.6); /* halfway between two samples */
    near(trace->span_s, 3);
    rog_trace_free(trace);
    trace = convert_as(
        (struct rog_trace_conversion){.format = "probe", .rank = 2, .direction = "down"}, rows);
    near(trace->mbps[0], 4);
    near(trace->mbps[1], 0);
    near(trace->start_s[1], 0.7);
    near(trace->span_s, 3);
    rog_trace_free(trace);
    refuse("probe", "0,1,2\n", "log:1: must be seconds,rank");
    refuse("probe", "0,1,2,-3,0,0\n", "log:1: must be");
    refuse("probe", "0,2,2,3,0,0\n", "no rate for worker 1");
    refuse("probe", "2,1,2,3,0,0\n1,1,2,3,0,0\n0.5,1,2,3,0,0\n", "log:3: the time");
}

static void packet_traces(void **state)
{
    (void)state;
    /* Three packets in the first half second, none in the second, one in the rest of the third. */
    struct rog_trace *trace = convert("mahimahi", "0\n100\n500\n1250\n");
    assert_int_equal(trace->count, 3);
    near(trace->mbps[0], 3 * 12000 / 0.5e6);
    near(trace->mbps[1], 0);
    near(trace->mbps[2], 12000 / 0.25e6);
    near(trace->span_s, 1.25);
    rog_trace_free(trace);
    refuse("mahimahi", "5\n4\n", "log:2: 4 ms is earlier");
    refuse("mahimahi", "5\nx\n", "log:2: must be a whole number");
    refuse("mahimahi", "-5\n", "log:1: must be a whole number");
    refuse("mahimahi", "5 6\n", "log:1: must be a whole number");
    refuse("mahimahi", "1.5\n", "log:1: must be a whole number");
    refuse("mahimahi", "99999999999\n", "log:1: must be a whole number");
    refuse("mahimahi", "\n# nothing\n", "log: the trace has no values");
    refuse("mahimahi", "0\n0\n", "lasts until its last packet");
    refuse("pcap", "1\n", "csv|replay|recording");
}

/* With any number of packets and any last one: as mahimahi plays it, 12,000 bits per packet over
 * the time until the last one. */
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

/* What other programs write into text files besides rows. */
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
    refuse("csv", "\nseconds,Mbps\n0,1\n", "log:2: a bandwidth trace starts with");
    refuse("csv", "\nseconds,Mbps\n0,1\n", "(found \"seconds,Mbps\"); hint: ");
    refuse("csv", "seconds,mbps\n0,\"1\n", "log:2: must be two numbers");
    refuse("csv", "\xff\xfes\0e\0", "log: is text in UTF-16");
    refuse("replay", "\x1f\x8b\x08", "log: is compressed");
}

/* Eight rows, of which the last two only end the sixth. */
static void published_recordings(void **state)
{
    (void)state;
    static const char text[] =
        "0.0 0\n1.0 1\nconnection lost\n1.5 2\n1.5 99\n3.5 4\n4 5\n5 6\n6 7\n";
    static const size_t first[] = {0, 1, 2, 4, 5, 5}; /* row 8/6 * rank, at most the sixth */
    static const double begin_s[] = {0, 1, 1.5, 1.5, 3.5, 4, 5};
    for (uint32_t rank = 0; rank < 6; rank++) {
        struct rog_trace *trace = NULL;
        struct rog_error err = {0};
        struct rog_trace_conversion how = {.format = "recording", .rank = rank};
        if (rog_trace_convert(&trace, &how, text, strlen(text), "log", &err))
            fail_msg("%s", err.message);
        assert_int_equal(trace->count, 5); /* one of two rows with the same time has no duration */
        near(trace->span_s, 5);
        for (double t_s = 0.25; t_s < 5; t_s += 0.5) {
            double recorded_s = fmod(begin_s[first[rank]] + t_s, 5);
            size_t row = 5;
            while (begin_s[row] > recorded_s)
                row--;
            near(rog_trace_rate(trace, t_s), row == 3 ? 99 : (double)row);
        }
        rog_trace_free(trace);
    }
    refuse("recording", "0 1\n1 2\n", "log:2: a recording needs at least three rows (found 2)");
    refuse("recording", "0 1\n1 x\n2 1\n",
           "log:2: must be two numbers, seconds and Mbit/s, or a comment");
}

static int read_table(struct rog_trace **trace, struct rog_trace_columns columns, const char *text,
                      uint32_t *merged, struct rog_error *err)
{
    struct rog_trace_conversion how = {.format = "table", .columns = columns};
    int code = rog_trace_convert(trace, &how, text, strlen(text), "log", err);
    if (merged)
        *merged = how.rows.merged;
    return code;
}

/* Three values: 8 Mbit/s for 2 s, 0 for 1 s, 4 for 1 s. */
static void is_the_table(struct rog_trace_columns columns, const char *text)
{
    struct rog_trace *trace = NULL;
    struct rog_error err = {0};
    if (read_table(&trace, columns, text, NULL, &err))
        fail_msg("%s", err.message);
    static const double start_s[] = {0, 2, 3}, mbps[] = {8, 0, 4};
    assert_int_equal(trace->count, 3);
    near(trace->span_s, 4);
    for (int i = 0; i < 3; i++) {
        assert_true(fabs(trace->start_s[i] - start_s[i]) < 1e-6);
        assert_true(fabs(trace->mbps[i] - mbps[i]) < 1e-6);
    }
    rog_trace_free(trace);
}

static void columns_and_units(void **state)
{
    (void)state;
    const struct rog_trace_columns plain = {
        .time = "time", .time_unit = "s", .rate = "1103", .rate_unit = "Mbit/s"};
    is_the_table(plain, ",time,1058,1103\n0,5,74.9,8\n1,7,63.6,0\n2,8,1,4\n");
    is_the_table(plain,
                 "\xef\xbb\xbf\"time\";\"1103\"\r\n# all day\r\n\r\n5;8\r\n7;0\r\n8;4\r\n\r\n");
    is_the_table(plain, "1103\t time \textra, words\n8\t5\t\n0\t7\ta,b\n4\t8\t\n");
    static const struct {
        const char *time_unit, *rate_unit, *text;
    } units[] = {
        {"s", "kbit/s", "1656.25 8000\n1658.25 0\n1659.25 4000\n"},
        {"ms", "bit/s", "1656180047829,8e6\n1656180049829,0\n1656180050829,4e6\n"},
        {"us", "Gbit/s", "0\t.008\n2000000\t0\n3000000\t0.004\n"},
        {"ns", "bytes/s", "0;1e6\n2e9;0\n3e9;500000\n"},
        {"s", "kbytes/s", "-1, 1000\n+1, 0\n2, 500\n"},
        {"s", "Mbytes/s", "\"0\" \"1\"\n\"2\" \"0\"\n\"3\" \".5\"\n"},
        {"date", "Mbit/s", "2018.01.18_14.38.27,8\n2018.01.18_14.38.29,0\n2018.01.18_14.38.30,4\n"},
        {"date", "Mbit/s",
         "2018-12-31T23:59:58.5Z;8\n2019-01-01T01:00:00.5+01:00;0\n2019-01-01 00:00:01,5;4\n"},
        {"date", "Mbit/s", "2020/02/28T23:59:59 8\n2020/02/29T00:00:01 0\n2020/02/29T00:00:02 4\n"},
        /* Cumulative counts: the first one only initializes the count. */
        {"s", "bytes", "10,77\n12,2e6\n13,0\n14,500000\n"},
    };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        is_the_table((struct rog_trace_columns){.time = "1",
                                                .time_unit = units[i].time_unit,
                                                .rate = "2",
                                                .rate_unit = units[i].rate_unit},
                     units[i].text);
    /* A date with a blank, in a table separated by blanks, takes two columns. */
    is_the_table(
        (struct rog_trace_columns){":1", "date", "3", "Mbit/s", 0},
        "2018-01-18 14:38:27 8\n2018-01-18 14:38:29 0 x\n2018-01-18 14:38:30 4 and so on\n");
}

static void tables_without_time(void **state)
{
    (void)state;
    struct rog_trace *trace = NULL;
    struct rog_error err = {0};
    const struct rog_trace_columns bytes = {.period_s = 0.5, .rate = "1", .rate_unit = "bytes"};
    assert_int_equal(read_table(&trace, bytes, "x\n1000\n500000\n", NULL, &err), 0);
    near(trace->start_s[1], 0.5);
    near(trace->span_s, 1);
    near(trace->mbps[0], 0.016);
    near(trace->mbps[1], 8);
    rog_trace_free(trace);
}

static void rows_of_one_time_are_one(void **state)
{
    (void)state;
    struct rog_trace *trace = NULL;
    struct rog_error err = {0};
    uint32_t merged = 0;
    struct rog_trace_columns columns = {
        .time = "1", .time_unit = "s", .rate = "2", .rate_unit = "Mbit/s"};
    assert_int_equal(read_table(&trace, columns, "0 1\n0 3\n1 5\n2 7\n2 9\n2 8\n", &merged, &err),
                     0);
    assert_int_equal(trace->count, 3);
    assert_int_equal(merged, 3);
    near(trace->mbps[0], 2);
    near(trace->mbps[2], 8);
    rog_trace_free(trace);
    columns.rate_unit = "bytes";
    assert_int_equal(read_table(&trace, columns, "0 1\n0 3\n1 500000\n1 500000\n", &merged, &err),
                     0);
    assert_int_equal(trace->count, 1);
    assert_int_equal(merged, 2);
    near(trace->mbps[0], 8);
    rog_trace_free(trace);
}

static void refuse_table(struct rog_trace_columns columns, const char *text, const char *part)
{
    struct rog_trace *trace = NULL;
    struct rog_error err = {0};
    int code = read_table(&trace, columns, text, NULL, &err);
    assert_true(code == ROG_EFORMAT || code == ROG_EINVAL);
    assert_null(trace);
    if (!strstr(err.message, part))
        fail_msg("\"%s\" does not say \"%s\"", err.message, part);
}

static void missing_parts_of_a_table_are_named(void **state)
{
    (void)state;
    const struct rog_trace_columns none = {0}, named = {"time", "s", "rate", "Mbit/s", 0},
                                   numbered = {"1", "s", "2", "Mbit/s", 0},
                                   dated = {"1", "date", "2", "Mbit/s", 0};
    struct rog_trace_columns some = {.rate = "rate", .rate_unit = "Mbit/s"};
    refuse_table(
        none, "a,b\n",
        "log:1: --rate must give the column of the rate, by name or number, of 1 \"a\", 2 \"b\"");
    refuse_table(some, "a,b\n", "log:1: --time must give");
    some.time = "a";
    refuse_table(some, "a,b\n", "--time-unit s|ms|us|ns|date");
    some.period_s = 1;
    refuse_table(some, "a,b\n", "--time and --period cannot be used together");
    refuse_table((struct rog_trace_columns){"a", "s", "b", NULL, 0}, "a,b\n", "--rate-unit bit/s|");
    refuse_table(named, "t,rate\n0,1\n",
                 "there is no column \"time\"; hint: --time must be one of 1 \"t\", 2 \"rate\"");
    refuse_table(numbered, "5\n6\n", "there is no column \"2\"");
    /* Numbers without a column are names, in a line that is not a row. */
    refuse_table((struct rog_trace_columns){"0", "s", "2", "Mbit/s", 0}, "0,1\n1,2\n",
                 "there is no column \"0\"");
    refuse_table((struct rog_trace_columns){"1", "s", "7", "Mbit/s", 0}, "0,7\n1,2\n",
                 "there is no column \"7\"");
    refuse_table((struct rog_trace_columns){"1", "s", "1", "Mbit/s", 0}, "0,1\n1,2\n",
                 "--time and --rate are the same column, 1");
    refuse_table(
        numbered, "time,1,2\n0,4,5\n",
        "--time 1 matches more than one column; hint: give its number after a colon (--time :2)");
    refuse_table(named, "time,rate,rate\n0,1,2\n", "matches more than one column");
    refuse_table(named, "time,rate\n0,\n",
                 "log:2: the rate (column 2, \"rate\") must be a number (found \"\")");
    refuse_table(named, "time,rate\n\n0,-\n",
                 "log:3: the rate (column 2, \"rate\") must be a number (found \"-\")");
    refuse_table(named, "time,rate\n0,nan\n", "must be a number (found \"nan\")");
    refuse_table(named, "time;rate\n0,5;1\n",
                 "(found \"0,5\"); hint: the decimal mark must be a point");
    refuse_table(named, "time,rate\n0,5,1,5\n",
                 "log:2: has 4 columns, but line 1 has 2 (found \"0,5,1,5\")");
    refuse_table(numbered, "0 5\n1\n", "log:2: has 1 column, but line 1 has 2");
    refuse_table(named, "time,rate\n0,-3\n", "log:2: the rate must be 0 or more");
    refuse_table(named, "time,rate\n0,-3\n1,1\n2,1\n", "log:2: the rate must be 0 or more");
    refuse_table(named, "time,rate\n9,1\n1,-3\n5,1\n", "log:3: the rate must be 0 or more");
    refuse_table(named, "time,rate\n", "log: the trace has no values");
    refuse_table(named, "", "log: the trace has no values");
    refuse_table(dated, "2018-13-18 14:38:27,8\n1,2\n",
                 "log:2: the time (column 1, \"2018-13-18 14:38:27\") must be a date like");
    refuse_table(dated, "2023-02-28 10:00:00,8\n2023-02-29 10:00:00,2\n",
                 "log:2: the time (column 1) must be a date like 2022-06-25 18:20:47.5 (found "
                 "\"2023-02-29 10:00:00\")");
    refuse_table(dated, "2018-01-18 14:38:27,8\n14:38:28,2\n",
                 "log:2: the time (column 1) must be a date like 2022-06-25 18:20:47.5 (found "
                 "\"14:38:28\")");
    refuse_table((struct rog_trace_columns){"1", "s", "2", "bytes", 0}, "0,5\n0,6\n",
                 "need at least two rows with different times");
}

/* Rows of several programs in one file, or a clock that was set back: the same trace, and the
 * number of rows that were behind a later one. */
static void rows_in_any_order(void **state)
{
    (void)state;
    static const struct {
        const char *format, *text;
        struct rog_trace_columns columns;
        uint32_t sorted;
    } rows[] = {
        {"replay",
         "2022-12-31 23:59:59,500 5\n2023-01-01 00:00:02,500 4\n2023-01-01 00:00:01,500 0\n"
         "2023-01-01 00:00:00,500 5",
         {0},
         2},
        {"recording", "3 4\n1 5\n0 5\n4 1\n2 0\n5 1\n", {0}, 3},
        {"table", "7;4\n4;5\n5;5\n6;0\n", {"1", "s", "2", "Mbit/s", 0}, 3},
        {"table", "8;500000\n5;625000\n4;9\n6;625000\n7;0\n", {"1", "s", "2", "bytes", 0}, 4},
        {"table", "4;5\n5;6\n6;0\n7;4\n5;4\n", {"1", "s", "2", "Mbit/s", 0}, 1},
        {"table", "4;5\n5;5\n6;0\n7;4\n", {"1", "s", "2", "Mbit/s", 0}, 0},
    };
    static const double mbps[] = {5, 5, 0, 4};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rog_trace *trace = NULL;
        struct rog_error err = {0};
        struct rog_trace_conversion how = {.format = rows[i].format, .columns = rows[i].columns};
        if (rog_trace_convert(&trace, &how, rows[i].text, strlen(rows[i].text), "log", &err))
            fail_msg("%s", err.message);
        assert_int_equal(how.rows.sorted, rows[i].sorted);
        assert_int_equal(trace->count, 4);
        near(trace->span_s, 4);
        for (int k = 0; k < 4; k++)
            near(rog_trace_rate(trace, k + 0.5), mbps[k]);
        rog_trace_free(trace);
    }
    refuse("replay",
           "2022-12-31 23:59:59,500 1\n2022-12-31 23:59:58,500 2\n2022-12-31 23:59:59,500 2\n",
           "log:3: the time must be greater");
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
            struct rog_trace_conversion how = {.format = "replay"};
            struct rog_error err = {0};
            if (rog_file_read(log, 1 << 20, &text, &size, &err) ||
                rog_trace_convert(&converted, &how, text, size, log, &err) ||
                rog_trace_open(&published,
                               &(struct rog_trace_source){.name = csv, .rank = 1, .seed = 1}, &err))
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
        cmocka_unit_test(iperf3_json),
        cmocka_unit_test(rows_of_the_probe),
        cmocka_unit_test(packet_traces_keep_their_mean),
        cmocka_unit_test(files_as_other_programs_write_them),
        cmocka_unit_test(published_recordings),
        cmocka_unit_test(columns_and_units),
        cmocka_unit_test(tables_without_time),
        cmocka_unit_test(rows_of_one_time_are_one),
        cmocka_unit_test(missing_parts_of_a_table_are_named),
        cmocka_unit_test(rows_in_any_order),
        cmocka_unit_test(the_published_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
