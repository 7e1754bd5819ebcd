/* SPDX-License-Identifier: Apache-2.0 */
/* Wraps SQLite in a few functions. */
#include <orchestrator/store/db.h>

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include <common/file.h>
#include <common/ran_out.h>
#include <orchestrator/store/db_state.h>
#include <orchestrator/store/schema.h>

/* How long a statement waits for another process that writes. A batch of events takes milliseconds;
 * a minute allows for a very slow disk. */
#define BUSY_TIMEOUT_MS 60000
#define WAL_STEP_MS 20
#define CAUSE_BYTES 256

struct rog_query {
    struct rog_db *db; /* borrowed */
    sqlite3_stmt *statement;
};

/* ---- memory ---- */

/* SQLite does not always report that memory ran out: its json_valid, for example, then returns
 * false for a valid text. So each failed allocation is recorded. */
static sqlite3_mem_methods own_memory;

static void *noting_malloc(int bytes)
{
    void *memory = own_memory.xMalloc(bytes);
    if (!memory)
        rog_ran_out_note();
    return memory;
}

static void *noting_realloc(void *old, int bytes)
{
    void *memory = own_memory.xRealloc(old, bytes);
    if (!memory)
        rog_ran_out_note();
    return memory;
}

/* Must run before SQLite is used for the first time. */
static void __attribute__((constructor)) set_memory_up(void)
{
    /* Nothing here needs SQLite's memory statistics, and they take a lock for each allocation. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &own_memory) != SQLITE_OK)
        return;
    sqlite3_mem_methods noting = own_memory;
    noting.xMalloc = noting_malloc;
    noting.xRealloc = noting_realloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &noting); /* SQLite copies the struct */
}

/* ---- errors ---- */

/* Includes the suffixes that SQLite appends to the name for its other files. */
static bool is_too_long(const char *path, const char *folder)
{
    const char *slash = strrchr(path, '/');
    char *whole = realpath(folder, NULL);
    size_t bytes = whole ? strlen(whole) + strlen(slash ? slash : path) + strlen("-journal") : 0;
    free(whole);
    return bytes > (size_t)sqlite3_vfs_find(NULL)->mxPathname;
}

/* Appends the operating system's error, if SQLite recorded one. */
static const char *add_cause(const struct rog_db *db, const char *text, char whole[CAUSE_BYTES])
{
    int cause = sqlite3_system_errno(db->handle);
    /* SQLite tries again without creating the file, and reports only why that failed. */
    char *folder = cause == ENOENT ? rog_path_dir(db->path) : NULL;
    if (folder && access(folder, W_OK | X_OK) != 0)
        cause = errno;
    else if (folder && is_too_long(db->path, folder))
        cause = ENAMETOOLONG;
    free(folder);
    snprintf(whole, CAUSE_BYTES, "%s%s%s", text, cause ? ": " : "", cause ? strerror(cause) : "");
    return whole;
}

/* A query met a text that should be JSON but is not. */
static int fail_not_json(struct rog_error *err, const struct rog_db *db)
{
    static const char *const places =
        "SELECT id, 'its configuration' FROM runs WHERE NOT json_valid(config)"
        " UNION ALL SELECT id, 'its versions' FROM runs WHERE NOT json_valid(versions)"
        " UNION ALL SELECT run_id, 'the facts of worker ' || rank FROM workers"
        " WHERE NOT json_valid(facts)"
        " UNION ALL SELECT run_id, 'the data of its event ' || kind || coalesce(' of rank ' || "
        "rank,"
        " '') || ' at ' || round(t, 3) || ' s' FROM events WHERE NOT json_valid(data) LIMIT 1";
    sqlite3_stmt *statement = NULL;
    bool found = sqlite3_prepare_v2(db->handle, places, -1, &statement, NULL) == SQLITE_OK &&
                 sqlite3_step(statement) == SQLITE_ROW;
    int code =
        found ? rog_fail(err, ROG_EFORMAT,
                         "%s: run %s is damaged: %s is not JSON; `rogctl verify` says what else "
                         "is; hint: restore a copy of the database, or repeat the run",
                         db->path, (const char *)sqlite3_column_text(statement, 0),
                         (const char *)sqlite3_column_text(statement, 1))
              : rog_fail(err, ROG_EFORMAT, "%s: the database has JSON that is damaged", db->path);
    sqlite3_finalize(statement);
    return code;
}

/* Converts SQLite's result to one of our errors, with a hint for the user. */
static int fail(struct rog_error *err, const struct rog_db *db, int result)
{
    char whole[CAUSE_BYTES];
    bool told = db->handle && sqlite3_errcode(db->handle) != SQLITE_OK;
    const char *text = told ? sqlite3_errmsg(db->handle) : sqlite3_errstr(result);
    switch (result & 0xff) {
    case SQLITE_NOMEM:
        return rog_fail_nomem(err);
    case SQLITE_FULL:
        return rog_fail(err, ROG_EIO,
                        "%s: the disk is full; free disk space or use another database with --db",
                        db->path);
    case SQLITE_READONLY:
        return rog_fail(err, ROG_EIO,
                        "%s: the database cannot be written (%s); make it and its folder writable "
                        "or choose another with --db",
                        db->path, text);
    case SQLITE_CANTOPEN:
        return rog_fail(err, ROG_EIO,
                        "%s: the database cannot be opened (%s); check that its folder exists and "
                        "is writable, or choose another with --db",
                        db->path, add_cause(db, text, whole));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return rog_fail(err, ROG_EBUSY,
                        "%s: another process has been writing for over %d s; try again when it has "
                        "ended",
                        db->path, BUSY_TIMEOUT_MS / 1000);
    case SQLITE_CONSTRAINT: /* a value that the tables cannot hold, or a duplicate */
        return rog_fail(err, ROG_EFORMAT, "%s: %s", db->path, text);
    case SQLITE_NOTADB:
        return rog_fail(err, ROG_EFORMAT,
                        "%s: not an SQLite database; name the right file with --db", db->path);
    case SQLITE_CORRUPT:
        return rog_fail(err, ROG_EFORMAT,
                        "%s: the database is damaged (%s); restore a copy, or move it away to "
                        "start a new one",
                        db->path, text);
    case SQLITE_IOERR:
        if (db->handle && sqlite3_extended_errcode(db->handle) == SQLITE_IOERR_SHMMAP)
            return rog_fail(err, ROG_ENOMEM, "%s-shm cannot be mapped: out of memory", db->path);
        return rog_fail(err, ROG_EIO, "%s: %s; is the disk full or failing?", db->path,
                        add_cause(db, text, whole));
    default:
        return strcmp(text, "malformed JSON") == 0
                   ? fail_not_json(err, db)
                   : rog_fail(err, ROG_EFAILED, "%s: %s", db->path, text);
    }
}

static int exec(struct rog_db *db, const char *sql, struct rog_error *err)
{
    int result = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return result == SQLITE_OK ? 0 : fail(err, db, result);
}

/* Frees the script. NULL means that memory ran out. */
static int exec_script(struct rog_db *db, char *sql, struct rog_error *err)
{
    int code = sql ? exec(db, sql, err) : rog_fail_nomem(err);
    free(sql);
    return code;
}

/* Fetches the first column of the first row of a statement without parameters. */
static int fetch_int(struct rog_db *db, const char *sql, int64_t *number, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err, sql, "");
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1) {
        *number = rog_query_int(query, 0);
        code = 0;
    }
    rog_query_free(query);
    return code;
}

/* A view, a computed column or a trigger in place of our tables could make a statement run forever.
 * Other tables and views of the user are allowed, unless they replace those of SQLite itself. */
static int check_tables(struct rog_db *db, struct rog_error *err)
{
    int64_t odd = 0;
    int code = fetch_int(db,
                         "SELECT EXISTS (SELECT 1 FROM main.sqlite_master WHERE"
                         " (lower(tbl_name) IN (" ROG_SCHEMA_TABLES ") AND (type NOT IN ('table',"
                         " 'index') OR sql LIKE 'CREATE VIRTUAL%'))"
                         " OR lower(name) IN ('json_each', 'json_tree', '" ROG_BATCH_TABLE "')"
                         " OR substr(lower(name), 1, 7) = 'pragma_')",
                         &odd, err);
    if (code == 0 && !odd)
        code = fetch_int(db,
                         "SELECT EXISTS (SELECT 1 FROM main.sqlite_master AS m,"
                         " pragma_table_xinfo(m.name) AS c WHERE m.type = 'table'"
                         " AND lower(m.name) IN (" ROG_SCHEMA_TABLES ") AND c.hidden > 1)",
                         &odd, err);
    return code == 0 && odd
               ? rog_fail(err, ROG_EFORMAT,
                          "%s: damaged: a view, a trigger or a computed column is in the place of "
                          "rogctl's own tables",
                          db->path)
               : code;
}

/* A name that is not text, or contains a NUL, would be read as another name: no lookup would find
 * it, and lists that contain it would fail. */
static int check_names(struct rog_db *db, struct rog_error *err)
{
    int64_t wrong = 0;
    int code = fetch_int(db,
                         "SELECT EXISTS (SELECT 1 FROM (SELECT id AS name FROM runs UNION ALL"
                         " SELECT name FROM cases)"
                         " WHERE typeof(name) != 'text' OR instr(name, char(0)))",
                         &wrong, err);
    return code == 0 && wrong
               ? rog_fail(err, ROG_EFORMAT,
                          "%s: damaged: a run or a case has a name that is not text", db->path)
               : code;
}

/* Finds out what kind of file it is and its schema's version, 0 for an empty file. */
static int inspect(struct rog_db *db, int64_t *version, struct rog_error *err)
{
    int64_t tables = 0, runs = 0;
    int code = fetch_int(db, "PRAGMA user_version", version, err);
    if (code == 0)
        code = fetch_int(db, "SELECT count(*) FROM sqlite_master", &tables, err);
    if (code == 0)
        code = fetch_int(db, "SELECT count(*) FROM sqlite_master WHERE name = 'case_runs'", &runs,
                         err);
    if (code < 0)
        return code;
    if (*version > rog_schema_version() && runs)
        return rog_fail(err, ROG_EFORMAT,
                        "%s: its schema is version %lld, this program knows up to version %d; use "
                        "the rogctl that wrote it or choose another file with --db",
                        db->path, (long long)*version, rog_schema_version());
    if ((tables > 0 && (*version < 1 || !runs)) || (tables == 0 && *version != 0))
        return rog_fail(err, ROG_EFORMAT,
                        "%s: a database of another program (it has no tables of rogctl); choose "
                        "another file with --db",
                        db->path);
    code = check_tables(db, err);
    return code == 0 && runs ? check_names(db, err) : code;
}

/* Upgrades the schema to the current version. Two processes may do so at the same time. */
static int migrate(struct rog_db *db, struct rog_error *err)
{
    int64_t version = 0;
    int code = rog_db_begin(db, err);
    if (code == 0)
        code = inspect(db, &version, err);
    while (code == 0 && version < rog_schema_version()) {
        char pragma[64];
        version++;
        code = exec_script(db, rog_schema_step((int)version), err);
        snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", (int)version);
        if (code == 0)
            code = exec(db, pragma, err);
    }
    if (code == 0)
        code = rog_db_commit(db, err);
    rog_db_rollback(db);
    return code;
}

/* Returns "file:PATH?immutable=1" with everything but plain characters escaped. Heap memory. */
static char *immutable_uri(const char *path)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
    size_t length = strlen(path);
    char *uri = malloc(3 * length + 32);
    if (!uri)
        return NULL;
    char *at = stpcpy(uri, "file:");
    for (size_t i = 0; i < length; i++) {
        if (strchr(plain, path[i]))
            *at++ = path[i];
        else
            at += sprintf(at, "%%%02X", (unsigned char)path[i]);
    }
    strcpy(at, "?immutable=1");
    return uri;
}

/* SQLite cannot create its shared memory in a folder that is not writable. The database is then
 * opened as a file that nobody changes, which is only correct if there is no journal beside it. */
static int open_immutable(struct rog_db *db, struct rog_error *err)
{
    struct stat journal;
    char *wal = rog_format("%s-wal", db->path);
    char *uri = immutable_uri(db->path);
    int code = wal && uri ? 0 : rog_fail_nomem(err);
    if (code == 0 && stat(wal, &journal) == 0 && journal.st_size > 0)
        code = rog_fail(err, ROG_EIO,
                        "%s: its folder is read-only and it was not closed properly (%s-wal is "
                        "there); copy both files to a writable folder and read them there",
                        db->path, db->path);
    if (code == 0) {
        sqlite3_close(db->handle);
        db->handle = NULL;
        int result = sqlite3_open_v2(
            uri, &db->handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
        if (result != SQLITE_OK)
            code = fail(err, db, result);
    }
    free(uri);
    free(wal);
    return code;
}

static int open_read(struct rog_db *db, struct rog_error *err)
{
    int64_t version = 0;
    int result =
        sqlite3_open_v2(db->path, &db->handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (result == SQLITE_OK) /* another process may be creating the file */
        result = sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    if (result == SQLITE_OK)
        result = sqlite3_exec(db->handle, "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL);
    int code = 0;
    if (result == SQLITE_CANTOPEN || result == SQLITE_READONLY ||
        (result == SQLITE_ERROR &&
         sqlite3_extended_errcode(db->handle) == SQLITE_READONLY_CANTINIT))
        code = open_immutable(db, err);
    else if (result != SQLITE_OK)
        code = fail(err, db, result);
    if (code == 0)
        code = inspect(db, &version, err);
    if (code == 0 && version == 0)
        code = rog_fail(err, ROG_ENOTFOUND, "%s: nothing is recorded in it", db->path);
    db->version = version;
    if (code == 0)
        code = exec(db, "PRAGMA temp_store = MEMORY", err);
    if (code == 0 && version < rog_schema_version())
        code = exec_script(db, rog_schema_view((int)version), err);
    return code;
}

/* SQLite's busy timeout does not apply here, because two processes that both want this mode could
 * wait for each other. */
static int use_wal(struct rog_db *db, struct rog_error *err)
{
    const struct timespec step = {0, WAL_STEP_MS * 1000000L};
    /* For a new database. Larger pages need fewer write calls. */
    int code = exec(db, "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL", err);
    for (int i = 0; code == ROG_EBUSY && i < BUSY_TIMEOUT_MS / WAL_STEP_MS; i++) {
        nanosleep(&step, NULL);
        code = exec(db, "PRAGMA journal_mode = WAL", err);
    }
    return code < 0 ? code
                    : exec(db,
                           "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768; PRAGMA "
                           "wal_autocheckpoint = 2000; PRAGMA temp_store = MEMORY",
                           err);
}

static int open_write(struct rog_db *db, struct rog_error *err)
{
    int64_t version = 0;
    int result =
        sqlite3_open_v2(db->path, &db->handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (result != SQLITE_OK)
        return fail(err, db, result);
    if (sqlite3_db_readonly(db->handle, "main") == 1)
        return fail(err, db, SQLITE_READONLY);
    sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    result = rog_batch_register(db);
    if (result != SQLITE_OK)
        return fail(err, db, result);
    /* Checked before anything is changed: setting the journal mode writes to the file. */
    int code = inspect(db, &version, err);
    if (code == 0)
        code = use_wal(db, err);
    if (code == 0)
        code = migrate(db, err);
    return code;
}

/* SQLite would wait forever for a writer of a pipe. It also opens the files beside the database. */
static int check_is_file(const char *path, struct rog_error *err)
{
    static const char *const beside[] = {"", "-wal", "-shm", "-journal"};
    int code = 0;
    for (size_t i = 0; code == 0 && i < sizeof beside / sizeof *beside; i++) {
        struct stat status;
        char *name = rog_format("%s%s", path, beside[i]);
        if (!name)
            return rog_fail_nomem(err);
        if (stat(name, &status) == 0 && !S_ISREG(status.st_mode))
            code = rog_fail(err, ROG_EFORMAT, "%s: %s, not a database; name a file with --db", name,
                            S_ISDIR(status.st_mode)    ? "a folder"
                            : S_ISFIFO(status.st_mode) ? "a pipe"
                            : S_ISSOCK(status.st_mode) ? "a socket"
                                                       : "a device");
        free(name);
    }
    return code;
}

int rog_db_open(struct rog_db **out, const char *path, enum rog_db_mode mode, struct rog_error *err)
{
    *out = NULL;
    struct stat status;
    bool there = stat(path, &status) == 0;
    int code = check_is_file(path, err);
    if (code < 0)
        return code;
    if (mode == ROG_DB_READ && !there)
        return rog_fail(err, ROG_ENOTFOUND,
                        "%s: no such database; run a sweep first or name another with --db", path);

    struct rog_db *db = calloc(1, sizeof *db);
    if (db) {
        db->path = rog_strdup(path);
        db->file = status;
    }
    code = db && db->path ? 0 : rog_fail_nomem(err);
    if (code == 0)
        code = mode == ROG_DB_READ ? open_read(db, err) : open_write(db, err);
    if (code == 0) {
        sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
        code = exec(db, "PRAGMA foreign_keys = ON", err);
    }
    if (code < 0) {
        rog_db_close(db);
        return code;
    }
    *out = db;
    return 0;
}

void rog_db_close(struct rog_db *db)
{
    if (!db)
        return;
    rog_db_rollback(db);
    sqlite3_close(db->handle);
    free(db->path);
    free(db);
}

const char *rog_db_path(const struct rog_db *db)
{
    return db->path;
}

bool rog_db_is_current(struct rog_db *db)
{
    struct stat now;
    int64_t version = 0;
    return stat(db->path, &now) == 0 && now.st_dev == db->file.st_dev &&
           now.st_ino == db->file.st_ino &&
           fetch_int(db, "PRAGMA user_version", &version, NULL) == 0 && version == db->version;
}

int rog_db_changes(struct rog_db *db, int64_t *number, struct rog_error *err)
{
    return fetch_int(db, "PRAGMA data_version", number, err);
}

int rog_db_begin_read(struct rog_db *db, struct rog_error *err)
{
    assert(!db->in_transaction);
    int code = exec(db, "BEGIN", err);
    db->in_transaction = code == 0;
    return code;
}

int rog_db_begin(struct rog_db *db, struct rog_error *err)
{
    assert(!db->in_transaction);
    int code = exec(db, "BEGIN IMMEDIATE", err);
    db->in_transaction = code == 0;
    return code;
}

int rog_db_commit(struct rog_db *db, struct rog_error *err)
{
    assert(db->in_transaction);
    int code = rog_ran_out_check(err);
    if (code == 0)
        code = exec(db, "COMMIT", err);
    if (code == 0)
        db->in_transaction = false;
    return code;
}

void rog_db_rollback(struct rog_db *db)
{
    if (!db->in_transaction)
        return;
    sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    db->in_transaction = false;
}

static int bind(struct rog_query *query, struct rog_error *err, const char *types, va_list values)
{
    int result = SQLITE_OK, next = 1;
    for (; *types && result == SQLITE_OK; types++) {
        if (*types == 's') {
            result = sqlite3_bind_text(query->statement, next++, va_arg(values, const char *), -1,
                                       SQLITE_TRANSIENT);
        } else if (*types == 'i') {
            result = sqlite3_bind_int64(query->statement, next++, va_arg(values, int64_t));
        } else if (*types == 'd') {
            result = sqlite3_bind_double(query->statement, next++, va_arg(values, double));
        } else {
            assert(*types == 'D');
            size_t count = va_arg(values, size_t);
            const double *reals = va_arg(values, const double *);
            for (size_t i = 0; i < count && result == SQLITE_OK; i++)
                result = sqlite3_bind_double(query->statement, next++, reals[i]);
        }
    }
    assert(result != SQLITE_OK || next == sqlite3_bind_parameter_count(query->statement) + 1);
    return result == SQLITE_OK ? 0 : fail(err, query->db, result);
}

static int query_new(struct rog_query **out, struct rog_db *db, struct rog_error *err,
                     const char *sql, const char *types, va_list values)
{
    *out = NULL;
    struct rog_query *query = calloc(1, sizeof *query);
    if (!query)
        return rog_fail_nomem(err);
    query->db = db;
    int result = sqlite3_prepare_v2(db->handle, sql, -1, &query->statement, NULL);
    int code = result == SQLITE_OK ? 0 : fail(err, db, result);
    if (code == 0 && types)
        code = bind(query, err, types, values);
    if (code < 0)
        rog_query_free(query);
    else
        *out = query;
    return code;
}

int rog_query_new(struct rog_query **query, struct rog_db *db, struct rog_error *err,
                  const char *sql, const char *types, ...)
{
    va_list values;
    va_start(values, types);
    int code = query_new(query, db, err, sql, types, values);
    va_end(values);
    return code;
}

void rog_query_free(struct rog_query *query)
{
    if (!query)
        return;
    sqlite3_finalize(query->statement);
    free(query);
}

int rog_query_step(struct rog_query *query, struct rog_error *err)
{
    int result = sqlite3_step(query->statement);
    if (result == SQLITE_ROW)
        return 1;
    if (result == SQLITE_DONE)
        return 0;
    return fail(err, query->db, result);
}

int rog_query_rebind(struct rog_query *query, struct rog_error *err, const char *types, ...)
{
    sqlite3_reset(query->statement);
    va_list values;
    va_start(values, types);
    int code = bind(query, err, types, values);
    va_end(values);
    return code;
}

void rog_query_reset(struct rog_query *query)
{
    sqlite3_reset(query->statement);
}

static int bound(struct rog_query *query, int result, struct rog_error *err)
{
    return result == SQLITE_OK ? 0 : fail(err, query->db, result);
}

int rog_query_bind_int(struct rog_query *query, int parameter, int64_t value, struct rog_error *err)
{
    return bound(query, sqlite3_bind_int64(query->statement, parameter, value), err);
}

int rog_query_bind_real(struct rog_query *query, int parameter, double value, struct rog_error *err)
{
    return bound(query, sqlite3_bind_double(query->statement, parameter, value), err);
}

int rog_query_bind_text(struct rog_query *query, int parameter, const char *value,
                        struct rog_error *err)
{
    return bound(query, sqlite3_bind_text(query->statement, parameter, value, -1, SQLITE_TRANSIENT),
                 err);
}

int rog_query_bind_borrowed(struct rog_query *query, int parameter, const char *text, size_t length,
                            struct rog_error *err)
{
    return bound(
        query,
        sqlite3_bind_text64(query->statement, parameter, text, length, SQLITE_STATIC, SQLITE_UTF8),
        err);
}

bool rog_query_is_null(const struct rog_query *query, int column)
{
    return sqlite3_column_type(query->statement, column) == SQLITE_NULL;
}

int64_t rog_query_int(const struct rog_query *query, int column)
{
    return sqlite3_column_int64(query->statement, column);
}

double rog_query_real(const struct rog_query *query, int column)
{
    return rog_query_is_null(query, column) ? (double)NAN
                                            : sqlite3_column_double(query->statement, column);
}

const char *rog_query_text(const struct rog_query *query, int column)
{
    bool is_null = rog_query_is_null(query, column);
    const unsigned char *text = sqlite3_column_text(query->statement, column);
    if (!text && !is_null)
        rog_ran_out_note();
    return (const char *)text;
}

int rog_db_run(struct rog_db *db, struct rog_error *err, const char *sql, const char *types, ...)
{
    struct rog_query *query = NULL;
    va_list values;
    va_start(values, types);
    int code = rog_ran_out_check(err);
    if (code == 0)
        code = query_new(&query, db, err, sql, types, values);
    va_end(values);
    if (code == 0) {
        do
            code = rog_query_step(query, err);
        while (code == 1);
    }
    rog_query_free(query);
    return code;
}
