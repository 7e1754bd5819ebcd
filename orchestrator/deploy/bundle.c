/* SPDX-License-Identifier: Apache-2.0 */
/* Collects programs and the libraries they need, for another host. */
#include <orchestrator/deploy/bundle.h>

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include <common/file.h>
#include <common/hash.h>
#include <common/plugin.h>
#include <common/process.h>

#define LDD_TIMEOUT_S 30
#define MAX_DEPTH 8
#define MAX_FILES 10000
#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
#define PLUGIN_FOLDER "lib/rog/plugins"
#define LIBROG "lib/librog.so.0"
#define READER "bin/rog-hdf5"
#define PYTHON_FOLDER "lib/rog/python/rog"

struct rog_bundle {
    struct rog_deploy_item *item; /* source, name and hash are owned heap memory */
    size_t count;
};

/* Output of `uname -m`, and the number in the ELF header. */
static const struct {
    const char *name;
    unsigned number;
} machines[] = {
    {"x86_64", EM_X86_64}, {"aarch64", EM_AARCH64}, {"armv7l", EM_ARM},
    {"i686", EM_386},      {"riscv64", EM_RISCV},   {"ppc64le", EM_PPC64},
};
#define MACHINES (sizeof machines / sizeof *machines)

/* Beginnings of the names of libraries that belong to the C library, which is the host's. */
static const char *const host_libraries[] = {
    "ld-linux", "libc.so",      "libm.so",    "libmvec.so", "libpthread.so", "libdl.so",
    "librt.so", "libresolv.so", "libutil.so", "libnsl.so",  "linux-vdso",    "linux-gate",
};

static bool is_of_host(const char *name)
{
    for (size_t i = 0; i < sizeof host_libraries / sizeof *host_libraries; i++)
        if (strncmp(name, host_libraries[i], strlen(host_libraries[i])) == 0)
            return true;
    return false;
}

/* Adds a file. Takes ownership of its name; NULL means that memory ran out. */
static int add(struct rog_bundle *bundle, const char *source, char *name, unsigned mode,
               struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    struct rog_deploy_item *more =
        name && bundle->count < MAX_FILES
            ? realloc(bundle->item, (bundle->count + 1) * sizeof *bundle->item)
            : NULL;
    if (!more) {
        free(name);
        return bundle->count < MAX_FILES
                   ? rog_fail_nomem(err)
                   : rog_fail(err, ROG_EINVAL, "a bundle of more than %d files", MAX_FILES);
    }
    bundle->item = more;
    struct rog_deploy_item *item = &more[bundle->count++];
    *item = (struct rog_deploy_item){.name = name, .mode = mode};
    int code = rog_sha256_file(source, hex, err);
    if (code)
        return code;
    item->source = rog_strdup(source);
    item->hash = rog_strdup(hex);
    return item->source && item->hash ? ROG_OK : rog_fail_nomem(err);
}

static bool has(const struct rog_bundle *bundle, const char *name)
{
    for (size_t i = 0; i < bundle->count; i++)
        if (strcmp(bundle->item[i].name, name) == 0)
            return true;
    return false;
}

/* --- programs installed on this machine --- */

/* Handles a line of ldd: "NAME => PATH (ADDRESS)", "PATH (ADDRESS)" or "NAME => not found". */
static int take_library(struct rog_bundle *bundle, const char *program, char *line,
                        struct rog_error *err)
{
    char *arrow = strstr(line, " => ");
    line += strspn(line, "\t ");
    if (!arrow || is_of_host(line))
        return ROG_OK;
    *arrow = '\0';
    char *path = arrow + 4, *end = strstr(path, " (0x");
    if (end)
        *end = '\0';
    if (path[0] != '/')
        return rog_fail(err, ROG_EFAILED, "%s needs the library %s, which is not on this machine",
                        program, line);
    char *name = rog_format("lib/%s", line);
    if (name && has(bundle, name)) { /* another program needs it, too */
        free(name);
        return ROG_OK;
    }
    return add(bundle, path, name, 0755, err);
}

/* Adds a program as `name`, with its libraries. */
static int take_program(struct rog_bundle *bundle, const char *program, const char *name,
                        struct rog_error *err)
{
    const char *const argv[] = {"ldd", program, NULL};
    char *text = NULL;
    int code = add(bundle, program, rog_strdup(name), 0755, err);
    if (!code)
        code = rog_process_run(argv, LDD_TIMEOUT_S, &text, err);
    char *rest = text;
    for (char *line = text ? strsep(&rest, "\n") : NULL; line && !code; line = strsep(&rest, "\n"))
        code = take_library(bundle, program, line, err);
    free(text);
    return code;
}

struct plugin_taker {
    struct rog_bundle *bundle;
    struct rog_error *err;
};

static int take_plugin(const char *path, const struct rog_plugin *plugin, const char *load_error,
                       void *user)
{
    const struct plugin_taker *taker = user;
    const char *slash = strrchr(path, '/');
    char *name = rog_format(PLUGIN_FOLDER "/%s", slash ? slash + 1 : path);
    (void)plugin;
    if (name && (load_error || has(taker->bundle, name))) {
        free(name); /* not usable there either, or hidden by one in an earlier folder */
        return ROG_OK;
    }
    return add(taker->bundle, path, name, 0755, taker->err);
}

static int walk(struct rog_bundle *bundle, const char *folder, const char *name, int depth,
                struct rog_error *err);

/* Adds what users' training programs need, if installed: librog and the Python package. */
static int take_librog(struct rog_bundle *bundle, struct rog_error *err)
{
    char *library = rog_install_library("librog.so.0", err), *prefix = rog_install_path("", err);
    char *package = rog_install_path(PYTHON_FOLDER, err);
    int code = library && prefix && package ? ROG_OK : rog_fail_nomem(err);
    if (!code && rog_file_exists(library))
        code = add(bundle, library, rog_strdup(LIBROG), 0755, err);
    if (!code && rog_file_exists(package))
        code = walk(bundle, prefix, PYTHON_FOLDER, 0, err);
    free(package);
    free(prefix);
    free(library);
    return code;
}

/* Programs that need no library. */
static const char *const small_programs[] = {ROG_DEPLOY_UNPACKER, ROG_BUNDLE_CLAIM};
#define SMALL_PROGRAMS (sizeof small_programs / sizeof *small_programs)

static int take_small_programs(struct rog_bundle *bundle, struct rog_error *err)
{
    int code = ROG_OK;
    for (size_t i = 0; i < SMALL_PROGRAMS && !code; i++) {
        char *path = rog_install_path(small_programs[i], err);
        code = path ? add(bundle, path, rog_strdup(small_programs[i]), 0755, err)
                    : rog_fail_nomem(err);
        free(path);
    }
    return code;
}

/* Adds the program with which the trainer reads HDF5 files, if installed, for agents' data sets. */
static int take_reader(struct rog_bundle *bundle, struct rog_error *err)
{
    char *path = rog_install_path(READER, err);
    int code = path ? ROG_OK : rog_fail_nomem(err);
    if (!code && rog_file_exists(path))
        code = take_program(bundle, path, READER, err);
    free(path);
    return code;
}

static int collect(struct rog_bundle *bundle, const struct rog_bundle_programs *programs,
                   struct rog_error *err)
{
    struct plugin_taker taker = {bundle, err};
    int code = take_program(bundle, programs->trainer, ROG_BUNDLE_PROGRAM, err);
    if (!code && programs->controller)
        code = take_program(bundle, programs->controller, ROG_BUNDLE_CONTROLLER, err);
    if (!code && programs->controller)
        code = take_reader(bundle, err);
    if (!code)
        code = take_small_programs(bundle, err);
    if (!code)
        code = rog_plugin_each(take_plugin, &taker, err);
    if (!code)
        code = take_librog(bundle, err);
    return code;
}

/* --- bundles in a folder --- */

static int walk(struct rog_bundle *bundle, const char *folder, const char *name, int depth,
                struct rog_error *err)
{
    struct dirent **entries = NULL;
    char *path = rog_path_join(folder, name);
    int count = path ? scandir(path, &entries, NULL, alphasort) : 0;
    int code = path ? ROG_OK : rog_fail_nomem(err);
    if (count < 0)
        code = rog_fail(err, errno == ENOENT ? ROG_ENOTFOUND : ROG_EIO, "cannot read %s: %s", path,
                        strerror(errno));
    for (int i = 0; i < count; i++) {
        struct stat info;
        char *child = entries[i]->d_name[0] == '.' || code
                          ? NULL
                          : rog_format("%s/%s", name, entries[i]->d_name);
        char *source = child ? rog_path_join(folder, child) : NULL;
        if (source && stat(source, &info) != 0)
            code = rog_fail(err, ROG_EIO, "cannot read %s: %s", source, strerror(errno));
        else if (source && S_ISREG(info.st_mode))
            code = add(bundle, source, rog_strdup(child), info.st_mode & 0111 ? 0755 : 0644, err);
        else if (source && S_ISDIR(info.st_mode) && depth < MAX_DEPTH)
            code = walk(bundle, folder, child, depth + 1, err);
        free(source);
        free(child);
        free(entries[i]);
    }
    free(entries);
    free(path);
    return code;
}

/* Checks that a program is for that machine, if both are known. */
static int check_machine(const char *program, const char *machine, struct rog_error *err)
{
    Elf64_Ehdr header = {0}; /* e_machine has the same offset in 32-bit files */
    FILE *file = fopen(program, "rbe");
    if (!file)
        return rog_fail(err, errno == ENOENT ? ROG_ENOTFOUND : ROG_EIO, "cannot open %s: %s",
                        program, strerror(errno));
    size_t got = fread(&header, 1, sizeof header, file);
    fclose(file);
    if (got < sizeof header || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return rog_fail(err, ROG_EFORMAT, "%s is not a program (ELF)", program);
    for (size_t i = 0; i < MACHINES; i++)
        if (strcmp(machines[i].name, machine) == 0 && machines[i].number != header.e_machine)
            return rog_fail(err, ROG_EFORMAT, "%s is not for %s machines (ELF machine %u)", program,
                            machine, (unsigned)header.e_machine);
    return ROG_OK;
}

static int need(const struct rog_bundle *bundle, const char *folder, const char *name,
                struct rog_error *err)
{
    return has(bundle, name)
               ? ROG_OK
               : rog_fail(err, ROG_EFORMAT, "%s has no %s: rebuild the bundle", folder, name);
}

static int read_folder(struct rog_bundle *bundle, const char *folder,
                       const struct rog_bundle_programs *programs, const char *machine,
                       struct rog_error *err)
{
    char *program = rog_path_join(folder, ROG_BUNDLE_PROGRAM);
    int code = program ? check_machine(program, machine, err) : rog_fail_nomem(err);
    if (!code)
        code = walk(bundle, folder, "bin", 0, err);
    for (size_t i = 0; i < SMALL_PROGRAMS && !code; i++)
        code = need(bundle, folder, small_programs[i], err);
    if (!code && programs->controller)
        code = need(bundle, folder, ROG_BUNDLE_CONTROLLER, err);
    if (!code)
        code = walk(bundle, folder, "lib", 0, err);
    free(program);
    return code;
}

/* Finds the folder with a bundle for that machine; *folder stays NULL if there is none. */
static int find_folder(const char *machine, char **folder, struct rog_error *err)
{
    const char *given = getenv("ROG_BUNDLE_PATH");
    char *own = rog_install_path("share/rog/bundles", err);
    if (!own)
        return err ? err->code : ROG_EIO;
    char *all = rog_format("%s:%s", given ? given : "", own), *rest = all;
    int code = all ? ROG_OK : rog_fail_nomem(err);
    for (char *place = all ? strsep(&rest, ":") : NULL; place && !*folder && !code;
         place = strsep(&rest, ":")) {
        char *path = place[0] ? rog_path_join(place, machine) : NULL;
        if (place[0] && !path)
            code = rog_fail_nomem(err);
        else if (path && rog_file_exists(path))
            *folder = path;
        else
            free(path);
    }
    free(all);
    free(own);
    return code;
}

int rog_bundle_open(struct rog_bundle **out, const struct rog_bundle_programs *programs,
                    const char *machine, struct rog_error *err)
{
    struct utsname here;
    char *folder = NULL;
    *out = NULL;
    if (!machine[0] || strspn(machine, NAME_LETTERS) != strlen(machine))
        return rog_fail(err, ROG_EINVAL, "\"%s\" is not an architecture", machine);
    struct rog_bundle *bundle = calloc(1, sizeof *bundle);
    if (!bundle)
        return rog_fail_nomem(err);
    int code = find_folder(machine, &folder, err);
    if (!code && uname(&here) != 0)
        code = rog_fail(err, ROG_EIO, "cannot determine this machine's architecture: %s",
                        strerror(errno));
    if (!code && folder)
        code = read_folder(bundle, folder, programs, machine, err);
    else if (!code && strcmp(here.machine, machine) == 0)
        code = collect(bundle, programs, err);
    else if (!code)
        code =
            rog_fail(err, ROG_ENOTFOUND,
                     "there is no bundle for %s machines (this one is %s); to build one, run `sudo "
                     "cmake/portable-bundle %s` in rogctl's source folder and set the variable "
                     "that it prints (docs/cluster-setup.md, Older hosts and other architectures)",
                     machine, here.machine, machine);
    if (code)
        rog_bundle_free(bundle);
    else
        *out = bundle;
    free(folder);
    return code;
}

size_t rog_bundle_claim_items(const struct rog_bundle *bundle,
                              struct rog_deploy_item item[ROG_BUNDLE_CLAIM_ITEMS])
{
    size_t count = 0;
    for (size_t i = 0; i < bundle->count; i++)
        for (size_t k = 0; k < SMALL_PROGRAMS && count < ROG_BUNDLE_CLAIM_ITEMS; k++)
            if (strcmp(bundle->item[i].name, small_programs[k]) == 0)
                item[count++] = bundle->item[i];
    return count;
}

const struct rog_deploy_item *rog_bundle_items(const struct rog_bundle *bundle, size_t *count)
{
    *count = bundle->count;
    return bundle->item;
}

bool rog_bundle_explain(struct rog_error *err)
{
    char version[16];
    const char *lacks = strstr(err->message, "`GLIBC_");
    if (!lacks || !strstr(lacks, "not found"))
        return false;
    snprintf(version, sizeof version, "%.*s", (int)strcspn(lacks + 1, "'"), lacks + 1);
    rog_fail(err, err->code, "the C library there is too old: this trainer needs %s or later",
             version);
    return true;
}

void rog_bundle_free(struct rog_bundle *bundle)
{
    union {
        const char *text;
        void *memory;
    } owned;
    if (!bundle)
        return;
    for (size_t i = 0; i < bundle->count; i++) {
        const struct rog_deploy_item *item = &bundle->item[i];
        const char *const texts[] = {item->source, item->name, item->hash};
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
            owned.text = texts[k];
            free(owned.memory);
        }
    }
    free(bundle->item);
    free(bundle);
}
