/* SPDX-License-Identifier: Apache-2.0 */
/* A set of figures replaces the old one completely, after each picture has been read, or not at
 * all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <common/file.h>
#include <common/process.h>
#include <orchestrator/figures/drawing.h>
#include <orchestrator/figures/picture.h>

/* Draws a picture of any format with an empty edge. */
#define DRAW                                                                            \
    "do for [f in formats] {\n"                                                         \
    "if (f eq 'pdf') { set terminal pdfcairo }\nif (f eq 'svg') { set terminal svg }\n" \
    "if (f eq 'png') { set terminal pngcairo }\n"                                       \
    "set output base.'.'.f\nset margins 9, 9, 4, 4\nplot x\n}\nset output\n"

/* What a script does after drawing, and the expected message. */
static const struct spoilt {
    const char *format, *how, *says;
} spoilt[] = {
    {"pdf", "system('truncate -s 200 bad.pdf')", "not a valid PDF"},
    {"pdf", "system('truncate -s 0 bad.pdf')", "not a valid PDF"},
    {"pdf", "system('cp bad.gp bad.pdf')", "not a valid PDF"},
    {"pdf", "set terminal pdfcairo; set output 'bad.pdf'; plot x; plot x; set output", "2 pages"},
    {"svg", "system('truncate -s 200 bad.svg')", "not valid XML"},
    {"svg", "set print 'bad.svg'; print \"<svg><text>\\032</text></svg>\"", "line 1: not valid"},
    {"svg", "set print 'bad.svg'; print '<html><p/></html>'", "no picture"},
    {"png", "system('truncate -s 500 bad.png')", "bad.png"},
    {"png", "system('truncate -s 0 bad.png')", "bad.png"},
    {"png",
     "set terminal pngcairo; set output 'bad.png'; set object rectangle from screen 0, screen 0 to "
     "screen 0.1, screen 1 fc rgb 'black' fs solid; plot x; set output",
     "edge"},
    {"png", "system('rm bad.png')", "bad.png"},
};

struct folder {
    char path[64];
};

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);
    strcpy(folder->path, "/tmp/rog-drawing-XXXXXX");
    *state = folder;
    return mkdtemp(folder->path) ? 0 : -1;
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;
    rog_dir_remove(folder->path, NULL);
    free(folder);
    return 0;
}

static void need_gnuplot(void)
{
    if (rog_program_exists("gnuplot"))
        return;
    print_message("gnuplot is not installed: nothing is drawn\n");
    skip();
}

static void write_text(const char *folder, const char *name, const char *text)
{
    struct rog_error err;
    char *path = rog_path_join(folder, name);
    if (rog_file_write(path, text, strlen(text), &err) != 0)
        fail_msg("%s", err.message);
    free(path);
}

static void assert_holds(const char *folder, const char *name, const char *text)
{
    char *path = rog_path_join(folder, name), *there = NULL;
    size_t size;
    assert_int_equal(rog_file_read(path, 100000, &there, &size, NULL), 0);
    assert_string_equal(there, text);
    free(there);
    free(path);
}

static bool has(const char *folder, const char *name)
{
    char *path = rog_path_join(folder, name);
    bool there = rog_file_exists(path);
    free(path);
    return there;
}

static void count_drawn(void *user, const char *path)
{
    (void)path;
    ++*(size_t *)user;
}

/* Draws the figures `good` and, unless `how` is NULL, `bad`, which is spoilt in that way. */
static int draw(const struct folder *folder, const char *formats, const char *how, size_t *told,
                struct rog_error *err)
{
    struct rog_drawing drawing;
    *told = 0;
    const struct rog_figures_options options = {
        .plots = folder->path, .formats = formats, .drawn = count_drawn, .user = told};
    assert_int_equal(rog_drawing_begin(&drawing, &options, err), 0);
    write_text(drawing.scratch.path, "good.dat", "new");
    write_text(drawing.scratch.path, "good.gp", "base = 'good'\n" DRAW);
    assert_int_equal(rog_drawing_add(&drawing, "good", err), 0);
    if (how) {
        char *script = rog_format("base = 'bad'\n" DRAW "%s\n", how);
        write_text(drawing.scratch.path, "bad.dat", "new");
        write_text(drawing.scratch.path, "bad.gp", script);
        assert_int_equal(rog_drawing_add(&drawing, "bad", err), 0);
        free(script);
    }
    int code = rog_drawing_finish(&drawing, err);
    rog_drawing_release(&drawing);
    return code;
}

static void whole_pictures_are_put_in_place(void **state)
{
    const struct folder *folder = *state;
    struct rog_error err;
    size_t told;
    need_gnuplot();
    write_text(folder->path, "good.dat", "old");
    write_text(folder->path, "good.svg", "old");
    if (draw(folder, "pdf,svg,png", NULL, &told, &err) != 0)
        fail_msg("%s", err.message);
    assert_int_equal(told, 3);
    assert_holds(folder->path, "good.dat", "new");
    static const char *const formats[] = {"pdf", "svg", "png"};
    for (size_t i = 0; i < 3; i++) {
        char *path = rog_format("%s/good.%s", folder->path, formats[i]);
        bool cut;
        if (rog_picture_check(path, formats[i], &cut, &err) != 0)
            fail_msg("%s", err.message);
        /* No format is accepted as another. */
        for (size_t k = 0; k < 3; k++)
            assert_true(k == i || rog_picture_check(path, formats[k], &cut, &err) == ROG_EFORMAT);
        free(path);
    }
}

static void spoilt_pictures_are_named_and_stay_out(void **state)
{
    const struct folder *folder = *state;
    struct rog_error err;
    size_t told;
    need_gnuplot();
    write_text(folder->path, "good.svg", "old");
    write_text(folder->path, "bad.dat", "old");
    for (size_t i = 0; i < sizeof spoilt / sizeof *spoilt; i++) {
        char *name = rog_format("bad.%s", spoilt[i].format);
        int code = draw(folder, spoilt[i].format, spoilt[i].how, &told, &err);
        if (code != ROG_EFAILED || !strstr(err.message, name) ||
            !strstr(err.message, spoilt[i].says))
            fail_msg("%s: %d, %s", spoilt[i].how, code, code ? err.message : "");
        assert_int_equal(told, 0);
        assert_holds(folder->path, "good.svg", "old");
        assert_holds(folder->path, "bad.dat", "old");
        assert_false(has(folder->path, "good.dat") || has(folder->path, "good.gp"));
        assert_false(has(folder->path, "good.png") || has(folder->path, name));
        free(name);
    }
}

/* The last file of a set cannot be renamed: those before it are restored. */
static void a_set_is_not_replaced_in_part(void **state)
{
    const struct folder *folder = *state;
    struct rog_error err;
    size_t told;
    need_gnuplot();
    write_text(folder->path, "good.dat", "old");
    write_text(folder->path, "good.svg/kept", "mine");
    assert_int_equal(draw(folder, "png,svg", NULL, &told, &err), ROG_EIO);
    assert_non_null(strstr(err.message, "good.svg: it is a folder"));
    assert_int_equal(told, 0);
    assert_holds(folder->path, "good.dat", "old");
    assert_holds(folder->path, "good.svg/kept", "mine");
    assert_false(has(folder->path, "good.gp") || has(folder->path, "good.png"));
}

/* Whenever drawing is killed, an existing figure remains: its name is never removed. */
static void a_name_is_never_without_a_file(void **state)
{
    const struct folder *folder = *state;
    _Alignas(struct inotify_event) char changes[4096];
    struct rog_error err;
    size_t told;
    need_gnuplot();
    if (draw(folder, "png", NULL, &told, &err) != 0)
        fail_msg("%s", err.message);
    int watch = inotify_init1(IN_NONBLOCK);
    assert_true(watch >= 0);
    assert_true(inotify_add_watch(watch, folder->path, IN_MOVE | IN_DELETE) >= 0);
    assert_int_equal(draw(folder, "png", NULL, &told, &err), 0);
    size_t arrived = 0;
    ssize_t size = read(watch, changes, sizeof changes);
    for (ssize_t at = 0; at < size;) {
        const struct inotify_event *event = (const void *)(changes + at);
        if (!(event->mask & IN_ISDIR) && !(event->mask & IN_MOVED_TO))
            fail_msg("%s was not there for a while", event->name);
        arrived += !!(event->mask & IN_MOVED_TO);
        at += (ssize_t)(sizeof *event + event->len);
    }
    close(watch);
    assert_int_equal(arrived, 3); /* data, script and picture */
}

/* Draws on the edge until texts are assumed to be twice as wide, or always. */
static int write_wide(struct rog_drawing *drawing, const struct rog_look *look, const void *user,
                      struct rog_error *err)
{
    const bool *always = user;
    if (drawing->options->log)
        drawing->options->log(drawing->options->user, "said once");
    char *script = rog_format(
        "set terminal pngcairo\nset output 'wide.png'\nset margins 9, 9, 4, 4\n"
        "set object rectangle from screen %g, screen 0.4 to screen 0.5, screen 0.6\nplot x\n",
        *always || look->stretch < 2 ? -1.0 : 0.25);
    write_text(drawing->scratch.path, "wide.dat", "");
    write_text(drawing->scratch.path, "wide.gp", script);
    free(script);
    return rog_drawing_add(drawing, "wide", err);
}

static void count_said(void *user, const char *text)
{
    (void)text;
    ++*(size_t *)user;
}

static void what_is_cut_is_drawn_with_more_room(void **state)
{
    const struct folder *folder = *state;
    struct rog_error err;
    struct rog_look look;
    size_t said = 0;
    bool always = false;
    need_gnuplot();
    const struct rog_figures_options options = {
        .plots = folder->path, .formats = "png", .log = count_said, .user = &said};
    assert_int_equal(rog_look_parse(NULL, NULL, &look, &err), 0);
    if (rog_drawing_make(&options, &look, write_wide, &always, &err) != 0)
        fail_msg("%s", err.message);
    assert_true(has(folder->path, "wide.png"));
    assert_int_equal(said, 1);
    assert_int_equal(rog_dir_remove(folder->path, &err), 0);
    always = true;
    assert_int_equal(rog_drawing_make(&options, &look, write_wide, &always, &err), ROG_EFAILED);
    assert_non_null(strstr(err.message, "edge"));
    assert_false(has(folder->path, "wide.png"));
}

#define DRAWS(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAWS(whole_pictures_are_put_in_place),     DRAWS(spoilt_pictures_are_named_and_stay_out),
        DRAWS(a_set_is_not_replaced_in_part),       DRAWS(a_name_is_never_without_a_file),
        DRAWS(what_is_cut_is_drawn_with_more_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
