/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: loaded before the C library (LD_PRELOAD), fails calls to it.
 *
 *   ROG_FAIL="malloc 17"    the 17th allocation of each process fails
 *   ROG_FAIL="write 3+"     the third write to a file and all after it
 *   ROG_FAIL="none 0"       none fails; for counting
 *   ROG_FAIL_IN="rogctl"    only in processes of the program of that name,
 *   ROG_FAIL_IN="rog-trainer serve"  ... with that word as its first argument
 *   ROG_FAIL_NOT="libA.so libB.so"   not where a function of one of these libraries calls
 *   ROG_FAIL_COUNT=FILE     gets a line when a process ends: its program, the first argument, and
 * of each kind, in the order of the table, how many calls there were ROG_FAIL_SHOW=1         says
 * on standard error where the call that fails comes from ROG_FAIL_DEATHS=FILE    gets a line for
 * each process that aborts: the libraries and programs whose functions have called each other, from
 * the one that aborts on
 *
 * The table of calls is `kinds`. Writes are those to regular files, but standard error, so that
 * what went wrong can be said.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { MALLOC, OPEN, WRITE, FSYNC, RENAME, MMAP, THREAD, FORK, KINDS };

static const struct {
    const char *name;
    int error;
} kinds[KINDS] = {
    [MALLOC] = {"malloc", ENOMEM}, [OPEN] = {"open", EMFILE},  [WRITE] = {"write", ENOSPC},
    [FSYNC] = {"fsync", EIO},      [RENAME] = {"rename", EIO}, [MMAP] = {"mmap", ENOMEM},
    [THREAD] = {"thread", EAGAIN}, [FORK] = {"fork", EAGAIN},
};

static enum kind failing = KINDS;
static long first, last; /* the calls that fail */
static bool shows, counts;
static const char *left_out, *argument = "-";
static atomic_long calls[KINDS];

/* "PROGRAM" or "PROGRAM WORD" */
static bool is_this(const char *wanted, int argc, char **argv)
{
    size_t length = strcspn(wanted, " ");
    return strncmp(wanted, program_invocation_short_name, length) == 0 &&
           !program_invocation_short_name[length] &&
           (!wanted[length] || (argc > 1 && strcmp(wanted + length + 1, argv[1]) == 0));
}

/* Of a file, the name without its folders. */
static const char *short_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Whose function it is, but for this library and the C library, which only hand on. */
static const char *who(void *function)
{
    Dl_info info;
    const char *name = dladdr(function, &info) && info.dli_fname ? short_name(info.dli_fname) : "";
    return strcmp(name, "failing.so") == 0 || strcmp(name, "libc.so.6") == 0 ? "" : name;
}

static void dies(int number)
{
    void *frames[64];
    char line[512];
    const char *before = "";
    failing = KINDS;
    size_t used = (size_t)sprintf(line, "%d", number);
    int count = backtrace(frames, 64);
    for (int i = 0; i < count; i++) {
        const char *name = who(frames[i]);
        if (*name && strcmp(name, before) != 0 && used + strlen(name) + 2 < sizeof line)
            used += (size_t)sprintf(line + used, " %s", before = name);
    }
    line[used++] = '\n';
    int file = open(getenv("ROG_FAIL_DEATHS"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file >= 0 && write(file, line, used) >= 0)
        close(file);
    signal(number, SIG_DFL);
    raise(number);
}

__attribute__((constructor)) static void begin(int argc, char **argv)
{
    const char *what = getenv("ROG_FAIL"), *where = getenv("ROG_FAIL_IN");
    char name[16];
    char more = '\0';
    if (!what || (where && !is_this(where, argc, argv)) ||
        sscanf(what, "%15s %ld%c", name, &first, &more) < 2)
        return;
    last = more == '+' ? INT64_MAX : first;
    shows = getenv("ROG_FAIL_SHOW");
    left_out = getenv("ROG_FAIL_NOT");
    static const int deaths[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; getenv("ROG_FAIL_DEATHS") && i < sizeof deaths / sizeof *deaths; i++)
        signal(deaths[i], dies);
    for (int i = 0; i < KINDS; i++)
        if (strcmp(name, kinds[i].name) == 0)
            failing = (enum kind)i;
    if (argc > 1)
        argument = argv[1];
    counts = getenv("ROG_FAIL_COUNT");
    for (int i = 0; i < KINDS; i++)
        atomic_store(&calls[i], 0);
}

__attribute__((destructor)) static void end(void)
{
    if (!counts)
        return;
    counts = false;
    failing = KINDS;
    char line[512];
    size_t word = strcspn(argument, " \t\n");
    int used = sprintf(line, "%.99s %.*s", program_invocation_short_name,
                       (int)(word < 99 ? word : 99), argument);
    for (int i = 0; i < KINDS; i++)
        used += sprintf(line + used, " %ld", atomic_load(&calls[i]));
    line[used++] = '\n';
    int file = open(getenv("ROG_FAIL_COUNT"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0 || write(file, line, (size_t)used) < 0)
        abort();
    close(file);
}

/* Whether a function of one of the libraries that are left out has called. */
static bool is_left_out(const void *caller)
{
    Dl_info info;
    if (!left_out || !dladdr(caller, &info) || !info.dli_fname)
        return false;
    for (const char *word = left_out; *word; word += strspn(word, " ")) {
        char name[64];
        size_t length = strcspn(word, " ");
        snprintf(name, sizeof name, "/%.*s", (int)length, word);
        if (strstr(info.dli_fname, name))
            return true;
        word += length;
    }
    return false;
}

static bool fails(enum kind kind, const void *caller)
{
    if (kind != failing && !counts)
        return false;
    long call = atomic_fetch_add(&calls[kind], 1) + 1;
    if (kind != failing || call < first || call > last || is_left_out(caller))
        return false;
    if (shows) {
        void *frames[32];
        shows = false;
        backtrace_symbols_fd(frames, backtrace(frames, 32), STDERR_FILENO);
    }
    errno = kinds[kind].error;
    return true;
}

#define FAILS(kind) fails(kind, __builtin_return_address(0))

/* ---- memory: by glibc's own names, as dlsym allocates itself ---- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    return FAILS(MALLOC) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return FAILS(MALLOC) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return FAILS(MALLOC) ? NULL : __libc_realloc(old, size);
}

static char *copy(const char *text, const void *caller)
{
    size_t bytes = strlen(text) + 1;
    char *copied = fails(MALLOC, caller) ? NULL : __libc_malloc(bytes);
    return copied ? memcpy(copied, text, bytes) : NULL;
}

char *strdup(const char *text)
{
    return copy(text, __builtin_return_address(0));
}

/* As which older programs know it. */
extern char *__strdup(const char *text);
char *__strdup(const char *text)
{
    return copy(text, __builtin_return_address(0));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return FAILS(MALLOC) ? NULL : __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size)
{
    return FAILS(MALLOC) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    if (FAILS(MALLOC))
        return ENOMEM;
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}

/* ---- what only hands on ---- */

#define REAL(type, name, parameters) \
    type(*real) parameters;          \
    *(void **)&real = dlsym(RTLD_NEXT, #name)

#define FORWARD(kind, type, failure, name, parameters, arguments) \
    type name parameters                                          \
    {                                                             \
        REAL(type, name, parameters);                             \
        return FAILS(kind) ? (failure) : real arguments;          \
    }

FORWARD(FSYNC, int, -1, fsync, (int file), (file))
FORWARD(FSYNC, int, -1, fdatasync, (int file), (file))
FORWARD(RENAME, int, -1, rename, (const char *from, const char *to), (from, to))
FORWARD(RENAME, int, -1, renameat, (int a, const char *from, int b, const char *to),
        (a, from, b, to))
FORWARD(MMAP, void *, MAP_FAILED, mmap,
        (void *where, size_t size, int protection, int flags, int file, off_t at),
        (where, size, protection, flags, file, at))
FORWARD(MMAP, void *, MAP_FAILED, mmap64,
        (void *where, size_t size, int protection, int flags, int file, off64_t at),
        (where, size, protection, flags, file, at))
FORWARD(THREAD, int, EAGAIN, pthread_create,
        (pthread_t * thread, const pthread_attr_t *attributes, void *(*begins)(void *), void *with),
        (thread, attributes, begins, with))
FORWARD(FORK, pid_t, -1, fork, (void), ())
FORWARD(OPEN, FILE *, NULL, fopen, (const char *path, const char *mode), (path, mode))
FORWARD(OPEN, FILE *, NULL, fopen64, (const char *path, const char *mode), (path, mode))

/* ---- open, with its mode ---- */

#define OPENS(name, parameters, arguments)                                        \
    int name parameters                                                           \
    {                                                                             \
        REAL(int, name, parameters);                                              \
        va_list list;                                                             \
        va_start(list, flags);                                                    \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, mode_t) : 0; \
        va_end(list);                                                             \
        return FAILS(OPEN) ? -1 : real arguments;                                 \
    }

OPENS(open, (const char *path, int flags, ...), (path, flags, mode))
OPENS(open64, (const char *path, int flags, ...), (path, flags, mode))
OPENS(openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))
OPENS(openat64, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))

/* ---- writing ---- */

static bool is_file(int file)
{
    struct stat status;
    return (failing == WRITE || counts) && file >= 0 && file != STDERR_FILENO &&
           fstat(file, &status) == 0 && S_ISREG(status.st_mode);
}

#define WRITES(name, parameters, arguments)                         \
    ssize_t name parameters                                         \
    {                                                               \
        REAL(ssize_t, name, parameters);                            \
        return is_file(file) && FAILS(WRITE) ? -1 : real arguments; \
    }

WRITES(write, (int file, const void *data, size_t size), (file, data, size))
WRITES(pwrite, (int file, const void *data, size_t size, off_t at), (file, data, size, at))
WRITES(pwrite64, (int file, const void *data, size_t size, off64_t at), (file, data, size, at))

/* Streams write by functions of the C library's own: while they do, the file is a full device. */
static int fill_up(FILE *stream, const void *caller)
{
    int file = stream ? fileno(stream) : -1;
    if (!is_file(file) || !fails(WRITE, caller))
        return -1;
    int kept = fcntl(file, F_DUPFD_CLOEXEC, 0), full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (kept < 0 || full < 0)
        abort();
    dup2(full, file);
    close(full);
    return kept;
}

static void put_back(FILE *stream, int kept)
{
    if (kept < 0)
        return;
    dup3(kept, fileno(stream), O_CLOEXEC);
    close(kept);
}

int fflush(FILE *stream)
{
    REAL(int, fflush, (FILE *));
    int kept = fill_up(stream, __builtin_return_address(0)), result = real(stream), cause = errno;
    put_back(stream, kept);
    errno = cause;
    return result;
}

size_t fwrite(const void *data, size_t size, size_t count, FILE *stream)
{
    REAL(size_t, fwrite, (const void *, size_t, size_t, FILE *));
    int kept = fill_up(stream, __builtin_return_address(0));
    size_t result = real(data, size, count, stream);
    int cause = errno;
    put_back(stream, kept);
    errno = cause;
    return result;
}

int fclose(FILE *stream)
{
    REAL(int, fclose, (FILE *));
    int kept = fill_up(stream, __builtin_return_address(0)), result = real(stream), cause = errno;
    if (kept >= 0)
        close(kept);
    errno = cause;
    return result;
}
