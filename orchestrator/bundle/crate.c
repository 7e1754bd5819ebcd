/* SPDX-License-Identifier: Apache-2.0 */
/* Describes a bundle as an RO-Crate (1.1, profile Process Run Crate 0.5). */
#include <orchestrator/bundle/crate.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/text/label.h>

#define PROCESS_RUN_CRATE "https://w3id.org/ro/wfrun/process/0.5"
#define RO_CRATE "https://w3id.org/ro/crate/1.1"
#define RUN_TERMS "https://w3id.org/ro/terms/workflow-run#"
#define NOTE_COLUMNS 200

/* Returns {"@id": id}. */
static struct rog_json *link_to(const char *id)
{
    struct rog_json *link = rog_json_object();
    rog_json_put_string(link, "@id", id);
    return link;
}

static struct rog_json *entity(const char *id, const char *type, const char *name)
{
    struct rog_json *one = link_to(id);
    rog_json_put_string(one, "@type", type);
    if (name)
        rog_json_put_string(one, "name", name);
    return one;
}

/* Returns an identifier, which is a URL: everything except plain characters is encoded as %XX. Heap
 * memory. */
static char *id_of(const char *prefix, const char *path)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-~";
    char *id = malloc(strlen(prefix) + 3 * strlen(path) + 1);
    char *next = id ? stpcpy(id, prefix) : NULL;
    for (; next && *path; path++)
        next += sprintf(next, strchr(plain, *path) ? "%c" : "%%%02X", (unsigned char)*path);
    if (next)
        *next = '\0';
    return id;
}

/* Puts links; a list of one becomes the link itself. Takes ownership of the list. */
static void put_links(struct rog_json *of, const char *key, struct rog_json *links)
{
    if (rog_json_size(links) > 1) {
        rog_json_put(of, key, links);
        return;
    }
    if (rog_json_size(links) == 1)
        rog_json_put(of, key, rog_json_copy(rog_json_at(links, 0)));
    rog_json_free(links);
}

/* Puts a time of the tables, 2026-01-31T12:00:00Z, with a numeric offset as the profile
 * requires. */
static void put_time(struct rog_json *of, const char *key, const char *time)
{
    size_t size = time ? strlen(time) : 0;
    char *text = size && time[size - 1] == 'Z' ? rog_format("%.*s+00:00", (int)size - 1, time)
                                               : rog_strdup(time);
    if (text)
        rog_json_put_string(of, key, text);
    free(text);
}

static const char *type_of(const char *path)
{
    static const struct {
        const char *end, *type;
    } known[] = {{".json", "application/json"},
                 {".jsonl", "application/jsonl"},
                 {".db", "application/vnd.sqlite3"},
                 {".pdf", "application/pdf"},
                 {".svg", "image/svg+xml"},
                 {".png", "image/png"},
                 {".csv", "text/csv"},
                 {".md", "text/markdown"},
                 {".so", "application/octet-stream"}};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof known / sizeof *known; i++)
        if (strcmp(dot, known[i].end) == 0)
            return known[i].type;
    return "text/plain";
}

static int add_file(struct rog_json *graph, struct rog_json *parts, const struct rog_json *file,
                    struct rog_error *err)
{
    char size[32];
    const char *path = rog_json_get_string(file, "path", "");
    char *id = id_of("", path);
    if (!id)
        return rog_fail_nomem(err);
    struct rog_json *one = entity(id, "File", path);
    snprintf(size, sizeof size, "%lld", (long long)rog_json_get_integer(file, "size", 0));
    rog_json_put_string(one, "encodingFormat", type_of(path));
    rog_json_put_string(one, "contentSize", size);
    rog_json_put_string(one, "sha256", rog_json_get_string(file, "sha256", ""));
    rog_json_append(graph, one);
    rog_json_append(parts, link_to(id));
    free(id);
    return 0;
}

/* Adds links to the files whose path begins with `beginning`. */
static void link_files(const struct rog_bundle *bundle, const char *beginning,
                       struct rog_json *links)
{
    for (size_t i = 0; i < rog_json_size(bundle->files); i++) {
        const char *path = rog_json_get_string(rog_json_at(bundle->files, i), "path", "");
        char *id = strncmp(path, beginning, strlen(beginning)) == 0 ? id_of("", path) : NULL;
        if (id)
            rog_json_append(links, link_to(id));
        free(id);
    }
}

/* Adds a file that a run read: the one in the bundle, or a description by its hash if it is not
 * included. */
static int add_object(const struct rog_bundle *bundle, struct rog_json *graph,
                      const struct rog_query *input, struct rog_json *objects,
                      struct rog_error *err)
{
    const char *path = rog_query_text(input, 1), *sha256 = rog_query_text(input, 2);
    char *inside = rog_bundle_input_path(path);
    bool is_included = false;
    for (size_t i = 0; inside && i < rog_json_size(bundle->files); i++)
        is_included =
            is_included ||
            strcmp(rog_json_get_string(rog_json_at(bundle->files, i), "path", ""), inside) == 0;
    char *id = is_included ? id_of("", inside) : id_of("#input-", sha256);
    free(inside);
    if (!id)
        return rog_fail_nomem(err);
    bool known = is_included || rog_json_get(bundle->seen, id);
    if (!known) {
        const char *slash = strrchr(path, '/');
        struct rog_json *one = entity(id, "CreativeWork", slash ? slash + 1 : path);
        rog_json_put_string(one, "description", rog_query_text(input, 0));
        rog_json_put_string(one, "sha256", sha256);
        rog_json_append(graph, one);
        rog_json_put_bool(bundle->seen, id, true);
    }
    rog_json_append(objects, link_to(id));
    free(id);
    return 0;
}

static int add_run(const struct rog_bundle *bundle, const struct rog_run_row *row,
                   struct rog_json *graph, struct rog_json *mentions, struct rog_error *err)
{
    struct rog_query *query = NULL;
    char *id = id_of("#run-", row->id);
    char *label = rog_label_clean(row->note ? row->note : row->id, NOTE_COLUMNS);
    char *folder = rog_format(ROG_BUNDLE_RUNS "/%s/", row->id);
    struct rog_json *objects = rog_json_array(), *results = rog_json_array();
    int code = id && label && folder
                   ? rog_query_new(&query, bundle->db, err,
                                   "SELECT setting, path, sha256 FROM inputs WHERE run_id = ?"
                                   " ORDER BY setting, path",
                                   "s", row->id)
                   : rog_fail_nomem(err);
    while (code == 0 && (code = rog_query_step(query, err)) == 1)
        code = add_object(bundle, graph, query, objects, err);
    rog_query_free(query);
    if (code == 0) {
        struct rog_json *run = entity(id, "CreateAction", label);
        bool failed = strcmp(row->status, "failed") == 0;
        link_files(bundle, folder, results);
        rog_json_append(results, link_to(ROG_BUNDLE_DATABASE));
        rog_json_put_string(run, "description", row->id);
        rog_json_put(run, "instrument", link_to("#rogctl"));
        put_links(run, "object", objects);
        put_links(run, "result", results);
        objects = results = NULL;
        put_time(run, "startTime", row->started_at);
        put_time(run, "endTime", row->ended_at);
        rog_json_put_string(run, "actionStatus",
                            failed ? "http://schema.org/FailedActionStatus"
                                   : "http://schema.org/CompletedActionStatus");
        if (failed && row->error)
            rog_json_put_string(run, "error", row->error);
        rog_json_append(graph, run);
        rog_json_append(mentions, link_to(id));
    }
    rog_json_free(objects);
    rog_json_free(results);
    free(folder);
    free(label);
    free(id);
    return code;
}

static void add_head(const struct rog_bundle *bundle, struct rog_json *graph,
                     struct rog_json *parts, struct rog_json *mentions)
{
    struct rog_json *about = entity(ROG_BUNDLE_CRATE, "CreativeWork", NULL);
    rog_json_put(about, "about", link_to("./"));
    rog_json_put(about, "conformsTo", link_to(RO_CRATE));
    struct rog_json *root = entity("./", "Dataset", bundle->report.data.title);
    rog_json_put_string(root, "description",
                        "A case of distributed training runs, with all their records, the figures, "
                        "and the files to repeat the runs.");
    rog_json_put_string(root, "datePublished", bundle->report.data.row.created_at);
    rog_json_put(root, "conformsTo", link_to(PROCESS_RUN_CRATE));
    rog_json_put(root, "license", link_to("#license"));
    rog_json_put(root, "hasPart", parts);
    rog_json_put(root, "mentions", mentions);
    struct rog_json *license = entity("#license", "CreativeWork", "Not stated");
    rog_json_put_string(license, "description", "No terms of use have been stated for these data.");
    struct rog_json *profile = entity(PROCESS_RUN_CRATE, "CreativeWork", "Process Run Crate");
    rog_json_put_string(profile, "version", "0.5");
    struct rog_json *program = entity("#rogctl", "SoftwareApplication", "rogctl");
    rog_json_put_string(program, "softwareVersion", ROG_VERSION);
    rog_json_put_string(program, "description",
                        "Repeatable experiments in distributed training over unreliable networks.");
    struct rog_json *first[] = {about, root, license, profile, program};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        rog_json_append(graph, first[i]);
}

int rog_bundle_add_crate(struct rog_bundle *bundle, struct rog_error *err)
{
    struct rog_json *crate = rog_json_object(), *graph = rog_json_array();
    struct rog_json *context = rog_json_array(), *parts = rog_json_array();
    struct rog_json *mentions = rog_json_array(), *rest = rog_json_array();
    const struct rog_case_data *data = &bundle->report.data;
    int code = 0;
    rog_json_append(context, rog_json_new_string(RO_CRATE "/context"));
    struct rog_json *terms = rog_json_object(); /* a term that the context lacks */
    rog_json_put_string(terms, "sha256", RUN_TERMS "sha256");
    rog_json_append(context, terms);
    for (size_t i = 0; i < rog_json_size(bundle->files) && code == 0; i++)
        code = add_file(rest, parts, rog_json_at(bundle->files, i), err);
    for (size_t i = 0; i < data->run_count && code == 0; i++)
        if (data->run[i].row.started_at)
            code = add_run(bundle, &data->run[i].row, rest, mentions, err);
    add_head(bundle, graph, parts, mentions);
    for (size_t i = 0; i < rog_json_size(rest); i++)
        rog_json_append(graph, rog_json_copy(rog_json_at(rest, i)));
    rog_json_free(rest);
    rog_json_put(crate, "@context", context);
    rog_json_put(crate, "@graph", graph);
    if (code == 0)
        return rog_bundle_add_json(bundle, ROG_BUNDLE_CRATE, crate, err);
    rog_json_free(crate);
    return code;
}
