/* SPDX-License-Identifier: Apache-2.0 */
/* Creates, empties and reads a run's folder. */
#include <orchestrator/fleet/run_files.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <common/file.h>
#include <common/json.h>
#include <common/last_words.h>
#include <common/snapshot.h>
#include <orchestrator/store/ingest.h>
#include <rog/events.h>

#define LOOKS 3
#define LOOK_NS 10000000L
#define TAIL_BYTES 4096
#define PLACE_BYTES 256
#define MARK_LETTERS 8
/* Bytes of a stream that are searched: more than is written while a caller waits to learn who has
 * left. */
#define WHEREABOUTS_BYTES (4L << 20)
#define OWN_MESSAGE "rog-trainer: "

/* Tries several times, because a process that only checks the lock also holds it for a moment. */
static bool take_lock(int fd)
{
    const struct timespec moment = {0, LOOK_NS};
    for (int tries = 0; tries < LOOKS; tries++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        nanosleep(&moment, NULL);
    }
    return false;
}

bool rog_run_is_locked(const char *folder)
{
    char *path = rog_path_join(folder, ROG_RUN_LOCK);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    bool locked = fd < 0 ? errno != ENOENT : flock(fd, LOCK_SH | LOCK_NB) != 0;
    if (fd >= 0)
        close(fd);
    free(path);
    return locked;
}

int rog_run_lock(const char *folder, int *out, struct rog_error *err)
{
    *out = -1;
    int fd = -1, code = rog_dir_make(folder, err);
    char *path = rog_path_join(folder, ROG_RUN_LOCK);
    if (code == 0 && !path)
        code = rog_fail_nomem(err);
    if (code == 0) {
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0)
            code = rog_fail(err, ROG_EIO, "cannot write %s: %s", path, strerror(errno));
    }
    if (code == 0 && !take_lock(fd)) {
        char owner[32] = "";
        ssize_t got = pread(fd, owner, sizeof owner - 1, 0);
        owner[got > 0 ? strspn(owner, "0123456789") : 0] = '\0';
        code = rog_fail(err, ROG_EBUSY, "%s is being executed by another rogctl%s%s", folder,
                        owner[0] ? ", process " : "", owner);
    }
    if (code == 0) {
        char owner[32];
        int length = snprintf(owner, sizeof owner, "%ld\n", (long)getpid());
        if (ftruncate(fd, 0) != 0 || pwrite(fd, owner, (size_t)length, 0) != length)
            code = rog_fail(err, ROG_EIO, "cannot write %s: %s", path, strerror(errno));
    }
    free(path);
    if (code < 0 && fd >= 0)
        close(fd);
    else
        *out = fd;
    return code;
}

void rog_run_unlock(int fd)
{
    if (fd >= 0)
        close(fd);
}

bool rog_run_is_worker_folder(const char *name)
{
    const size_t length = strlen(ROG_RUN_WORKER);
    return strncmp(name, ROG_RUN_WORKER, length) == 0 && name[length] &&
           !name[length + strspn(name + length, "0123456789")];
}

/* Removes the folders of workers. */
static int remove_workers(const char *folder, struct rog_error *err)
{
    int code = 0;
    DIR *dir = opendir(folder);
    if (!dir)
        return rog_fail(err, ROG_EIO, "cannot read %s: %s", folder, strerror(errno));
    struct dirent *entry;
    while (code == 0 && (entry = readdir(dir))) {
        if (!rog_run_is_worker_folder(entry->d_name))
            continue;
        char *path = rog_path_join(folder, entry->d_name);
        code = path ? rog_dir_remove(path, err) : rog_fail_nomem(err);
        free(path);
    }
    closedir(dir);
    return code;
}

int rog_run_prepare(const char *folder, const char *config_text, struct rog_error *err)
{
    static const char *const leftovers[] = {ROG_RUN_EVENTS,
                                            ROG_RUN_LOG,
                                            ROG_RUN_TESTER_LOG,
                                            ROG_RUN_CHECKPOINTS,
                                            ROG_RUN_SERVER_STATE,
                                            ROG_RUN_KEY,
                                            ROG_RUN_PORT,
                                            ROG_RUN_WHOLE,
                                            ROG_STREAM_HOST,
                                            ROG_STREAM_CONTROLLER,
                                            ROG_SNAPSHOT_FOLDER,
                                            ROG_RUN_UNTESTED,
                                            ROG_RUN_STATE,
                                            ROG_RUN_LAYOUT,
                                            ROG_RUN_PAUSED,
                                            ROG_RUN_RESUMED,
                                            ROG_TESTED};
    int code = remove_workers(folder, err);
    for (size_t i = 0; code == 0 && i < sizeof leftovers / sizeof *leftovers; i++) {
        char *path = rog_path_join(folder, leftovers[i]);
        code = path ? rog_dir_remove(path, err) : rog_fail_nomem(err);
        free(path);
    }
    char *path = rog_path_join(folder, ROG_RUN_CONFIG);
    if (code == 0)
        code = path ? rog_file_write(path, config_text, strlen(config_text), err)
                    : rog_fail_nomem(err);
    free(path);
    return code;
}

static struct rog_json *make_event(const char *event, size_t rank, double t_s, const char *text)
{
    struct rog_json *line = rog_json_object();
    rog_json_put_string(line, "event", event);
    rog_json_put_number(line, "t", t_s);
    rog_json_put_integer(line, "rank", (int64_t)rank);
    rog_json_put_string(line, "message", text);
    return line;
}

void rog_run_log_event(const char *folder, struct rog_json *line)
{
    char *words = rog_json_text(line);
    char *whole = words ? rog_format("%s\n", words) : NULL;
    char *path = rog_path_join(folder, ROG_STREAM_CONTROLLER);
    int fd = path && whole ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
    off_t before = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
    if (fd >= 0 && write(fd, whole, strlen(whole)) != (ssize_t)strlen(whole) &&
        ftruncate(fd, before) != 0)
        unlink(path); /* an incomplete line must not remain */
    if (fd >= 0)
        close(fd);
    free(path);
    free(whole);
    free(words);
    rog_json_free(line);
}

void rog_run_log(const char *folder, const char *event, size_t rank, double t_s, const char *text)
{
    rog_run_log_event(folder, make_event(event, rank, t_s, text));
}

void rog_run_log_retries(const char *folder, const struct rog_json *retries)
{
    for (size_t i = 0; i < rog_json_size(retries); i++)
        rog_run_log(folder, ROG_EVENT_RETRY, 0, 0, rog_json_string(rog_json_at(retries, i), ""));
}

void rog_run_log_resume(const char *folder, double t_s, double lost_s, const char *text)
{
    struct rog_json *event = make_event(ROG_EVENT_RESUME, 0, t_s, text);
    rog_json_put_number(event, "lost_s", lost_s);
    rog_run_log_event(folder, event);
}

static bool is_mark(const char *text)
{
    return text && strlen(text) == MARK_LETTERS && strspn(text, "0123456789abcdef") == MARK_LETTERS;
}

/* Draws a mark and stores it. The caller uses this only if the file has no valid mark. */
static int draw_mark(const char *path, char **mark, struct rog_error *err)
{
    unsigned number;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        return rog_fail(err, ROG_EIO, "cannot draw a number: %s", strerror(errno));
    *mark = rog_format("%0*x", MARK_LETTERS, number);
    return *mark ? rog_file_write(path, *mark, MARK_LETTERS, err) : rog_fail_nomem(err);
}

int rog_run_name_on_hosts(const char *folder, const char *run_id, char **name,
                          struct rog_error *err)
{
    char *path = rog_path_join(folder, ROG_RUN_MARK), *mark = NULL;
    size_t size;
    int code = path ? 0 : rog_fail_nomem(err);
    if (code == 0 && (rog_file_read(path, TAIL_BYTES, &mark, &size, NULL) < 0 || !is_mark(mark))) {
        free(mark);
        mark = NULL;
        code = draw_mark(path, &mark, err);
    }
    if (code == 0 && !(*name = rog_format("%s-%s", run_id, mark)))
        code = rog_fail_nomem(err);
    free(mark);
    free(path);
    return code;
}

int rog_run_draw_key(unsigned char bytes[ROG_RUN_KEY_BYTES], struct rog_error *err)
{
    return getrandom(bytes, ROG_RUN_KEY_BYTES, 0) == ROG_RUN_KEY_BYTES
               ? 0
               : rog_fail(err, ROG_EIO, "cannot draw a key: %s", strerror(errno));
}

int rog_run_make_key(const char *path, struct rog_error *err)
{
    unsigned char bytes[ROG_RUN_KEY_BYTES];
    int code = rog_run_draw_key(bytes, err);
    if (code)
        return code;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes;
    int cause = errno;
    if (fd >= 0 && close(fd) != 0)
        good = false;
    explicit_bzero(bytes, sizeof bytes);
    return good ? 0 : rog_fail(err, ROG_EIO, "cannot write %s: %s", path, strerror(cause));
}

/* Reads up to bytes - 1 bytes of a file's end; "" if it cannot be read. */
static void read_tail(const char *path, char *text, size_t bytes)
{
    text[0] = '\0';
    FILE *file = rog_file_stream_regular(path);
    if (!file)
        return;
    if (fseek(file, 0, SEEK_END) == 0) {
        long size = ftell(file);
        long from = size > (long)bytes - 1 ? size - (long)bytes + 1 : 0;
        if (fseek(file, from, SEEK_SET) == 0)
            text[fread(text, 1, bytes - 1, file)] = '\0';
    }
    fclose(file);
}

bool rog_run_stream_is_whole(const char *folder)
{
    char tail[TAIL_BYTES];
    char *path = rog_path_join(folder, ROG_RUN_EVENTS);
    if (!path)
        return false;
    read_tail(path, tail, sizeof tail);
    free(path);
    size_t length = strlen(tail);
    if (length < 2 || tail[length - 1] != '\n')
        return false;
    tail[--length] = '\0';
    const char *line = strrchr(tail, '\n');
    line = line ? line + 1 : tail;
    struct rog_json *event = NULL;
    if (rog_json_parse(line, strlen(line), ROG_RUN_EVENTS, &event, NULL) < 0)
        return false;
    bool whole = strcmp(rog_json_get_string(event, "event", ""), ROG_EVENT_END) == 0;
    rog_json_free(event);
    return whole;
}

bool rog_run_is_whole(const char *folder, bool several)
{
    if (!several)
        return rog_run_stream_is_whole(folder);
    char *path = rog_path_join(folder, ROG_RUN_WHOLE);
    bool whole = path && rog_file_exists(path) && rog_run_stream_is_whole(folder);
    free(path);
    return whole;
}

static int mark(const char *folder, const char *name, struct rog_error *err)
{
    char *path = rog_path_join(folder, name);
    if (!path)
        return rog_fail_nomem(err);
    int code = rog_file_exists(path) ? 0 : rog_file_write(path, "", 0, err);
    free(path);
    return code;
}

int rog_run_mark_whole(const char *folder, struct rog_error *err)
{
    return mark(folder, ROG_RUN_WHOLE, err);
}

int rog_run_mark_untested(const char *folder, struct rog_error *err)
{
    return mark(folder, ROG_RUN_UNTESTED, err);
}

bool rog_run_is_untested(const char *folder)
{
    char *path = rog_path_join(folder, ROG_RUN_UNTESTED);
    bool untested = path && rog_file_exists(path);
    free(path);
    return untested;
}

int rog_run_judge(const char *who, const struct rog_process *process, const char *log,
                  struct rog_error *err)
{
    char reason[512];
    rog_run_log_tail(log, reason, sizeof reason);
    return rog_fail(err, ROG_EFAILED, "%s %s %d%s%s", who,
                    process->signal ? "was killed by signal" : "exited with status",
                    process->signal ? process->signal : process->status, reason[0] ? ": " : "",
                    reason);
}

int rog_run_fail_worker(const char *folder, size_t rank, const char *message, struct rog_error *err)
{
    char words[512] = "";
    char *log = rog_format("%s/" ROG_RUN_WORKER "%zu/" ROG_RUN_LOG, folder, rank);
    if (log && strcmp(message, ROG_CLOSED) == 0)
        rog_run_log_tail(log, words, sizeof words);
    free(log);
    return rog_fail(err, ROG_EFAILED, "worker %zu: %s%s%s", rank, message, words[0] ? ": " : "",
                    words);
}

int rog_run_fail_leaver(const char *who, bool took_part, const char *log, struct rog_error *err)
{
    char said[512] = "";
    rog_run_log_tail(log, said, sizeof said);
    return rog_fail(err, ROG_EFAILED, "%s's program %s; it said%s%s", who,
                    took_part ? "exited (status 0) before it had finished" : ROG_NO_PART,
                    said[0] ? ": " : " nothing", said);
}

bool rog_run_took_part(const char *worker_folder)
{
    char *path = rog_path_join(worker_folder, ROG_RUN_EVENTS);
    bool took_part = path && rog_file_exists(path);
    free(path);
    return took_part;
}

bool rog_run_has_begun(const char *folder)
{
    static const char start[] = "{\"event\":\"" ROG_EVENT_START "\"";
    char *path = rog_path_join(folder, ROG_RUN_EVENTS);
    FILE *file = path ? rog_file_stream_regular(path) : NULL;
    char *line = NULL;
    size_t room = 0;
    bool begun = false;
    /* Before this event there is only what the server waited for. */
    while (file && !begun && getline(&line, &room, file) >= 0)
        begun = strncmp(line, start, sizeof start - 1) == 0;
    if (file)
        fclose(file);
    free(line);
    free(path);
    return begun;
}

/* Returns whether the worker is lost after this event of the server; `lost` is the state before
 * it. */
static bool is_lost_after(const char *line, size_t rank, bool lost)
{
    struct rog_json *event = NULL;
    if (rog_json_parse(line, strlen(line), ROG_RUN_EVENTS, &event, NULL) < 0)
        return lost;
    const char *name = rog_json_get_string(event, "event", "");
    const char *message = rog_json_get_string(event, "message", "");
    bool is_of_it = rog_json_get_integer(event, "rank", -1) == (int64_t)rank;
    if (is_of_it && strcmp(name, ROG_EVENT_WARNING) == 0)
        lost |= strncmp(message, ROG_CONNECTION_LOST, strlen(ROG_CONNECTION_LOST)) == 0;
    else if (is_of_it)
        lost &= strcmp(name, ROG_EVENT_JOIN) != 0 && strcmp(name, ROG_EVENT_LEAVE) != 0;
    rog_json_free(event);
    return lost;
}

bool rog_run_worker_is_lost(const char *folder, size_t rank)
{
    char *path = rog_path_join(folder, ROG_RUN_EVENTS);
    FILE *file = path ? rog_file_stream_regular(path) : NULL;
    free(path);
    char *line = NULL;
    size_t room = 0;
    bool lost = false;
    if (file && fseek(file, -WHEREABOUTS_BYTES, SEEK_END) == 0 && getline(&line, &room, file) < 0)
        clearerr(file); /* incomplete line */
    while (file && getline(&line, &room, file) >= 0)
        lost = is_lost_after(line, rank, lost);
    free(line);
    if (file)
        fclose(file);
    return lost;
}

void rog_run_log_tail(const char *path, char *text, size_t bytes)
{
    char tail[TAIL_BYTES], place[PLACE_BYTES];
    read_tail(path, tail, sizeof tail);
    size_t length = strlen(tail);
    while (length > 0 && strchr("\n\r \t", tail[length - 1]))
        tail[--length] = '\0';
    /* Uses the program's own message if that is the last line, else the last three lines. */
    char *begin = strrchr(tail, '\n');
    begin = begin ? begin + 1 : tail;
    if (strncmp(begin, OWN_MESSAGE, strlen(OWN_MESSAGE)) == 0) {
        begin += strlen(OWN_MESSAGE);
    } else if (rog_error_place(tail, place, sizeof place), place[0]) {
        rog_last_words(tail, text, bytes);
        return;
    } else {
        for (int lines = 3; begin > tail && (begin[-1] != '\n' || --lines > 0);)
            begin--;
    }
    size_t have = strlen(begin);
    if (have >= bytes)
        begin += have - bytes + 1;
    snprintf(text, bytes, "%s", begin);
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < ' ')
            *at = ' ';
}
