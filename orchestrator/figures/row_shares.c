/* SPDX-License-Identifier: Apache-2.0 */
/* Collects the share of each layer's rows that was sent. */
#include <orchestrator/figures/row_shares.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/json.h>
#include <orchestrator/text/label.h>
#include <orchestrator/figures/queries.h>

#define LAYERS_MAX 10000 /* a picture cannot show more distinctly */
#define NAME_CHARACTERS 60

/* Fails with a message that lists runs with a record of rows: "runs that have it: A, B". */
static int nothing_recorded(struct rog_db *db, const char *run_id, struct rog_error *err)
{
    char text[400] = "no recorded run has one";
    size_t at = 0;
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, NULL, rog_query_row_runs, "");
    while (code == 0 && at < sizeof text && rog_query_step(query, NULL) == 1)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s",
                               at ? ", " : "these have one: ", rog_query_text(query, 0));
    rog_query_free(query);
    return rog_fail(err, ROG_ENOTFOUND,
                    "run %s has no record of the rows sent of each layer (imported runs and runs "
                    "with record_rows = false have none); %s",
                    run_id, text);
}

static int load_layers(struct rog_db *db, const char *run_id, struct rog_row_shares *shares,
                       struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err, rog_query_row_layers, "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        code = 0;
        if (shares->layers == LAYERS_MAX)
            code = rog_fail(err, ROG_EFORMAT, "run %s has more than %d layers", run_id, LAYERS_MAX);
        if (code == 0 && shares->layers % 64 == 0) {
            size_t room = shares->layers + 64;
            char **layer = realloc(shares->layer, room * sizeof *layer);
            shares->layer = layer ? layer : shares->layer;
            double *rows = realloc(shares->rows, room * sizeof *rows);
            shares->rows = rows ? rows : shares->rows;
            code = layer && rows ? 0 : rog_fail_nomem(err);
        }
        if (code < 0)
            break;
        const char *name = rog_query_text(query, 0);
        shares->rows[shares->layers] = rog_query_real(query, 1);
        shares->layer[shares->layers] = rog_label_clean(name ? name : "", NAME_CHARACTERS);
        code = shares->layer[shares->layers++] ? 0 : rog_fail_nomem(err);
    }
    rog_query_free(query);
    if (code == 0 && shares->layers == 0)
        code = nothing_recorded(db, run_id, err);
    return code;
}

/* Fills in the shares: computed from the counts, or 100% if there are no counts because all rows
 * were sent. */
static int fill(const struct rog_row_shares *shares, const char *text, bool all, double *percent,
                struct rog_error *err)
{
    struct rog_json *counts = NULL;
    int code = text ? rog_json_parse(text, strlen(text), "a record of rows", &counts, err) : 0;
    if (code == 0 && text && rog_json_size(counts) != shares->layers)
        code = rog_fail(err, ROG_EFORMAT, "a record of rows has %zu layers, the model %zu",
                        rog_json_size(counts), shares->layers);
    for (size_t i = 0; i < shares->layers && code == 0; i++) {
        double count = text ? rog_json_number(rog_json_at(counts, i), (double)NAN) : (double)NAN;
        double share = text ? 100 * count / shares->rows[i] : all ? 100 : (double)NAN;
        percent[i] = isfinite(share) ? fmin(fmax(share, 0), 100) : (double)NAN;
    }
    rog_json_free(counts);
    return code;
}

static int add(struct rog_row_shares *shares, enum rog_row_way way, double from_s, double to_s,
               const char *text, bool all, struct rog_error *err)
{
    size_t count = shares->way[way].count;
    if (count % 64 == 0) {
        struct rog_row_exchange *more =
            realloc(shares->way[way].item, (count + 64) * sizeof *shares->way[way].item);
        if (!more)
            return rog_fail_nomem(err);
        shares->way[way].item = more;
    }
    double *percent = calloc(shares->layers, sizeof *percent);
    if (!percent)
        return rog_fail_nomem(err);
    shares->way[way].item[shares->way[way].count++] =
        (struct rog_row_exchange){from_s, to_s, percent};
    return fill(shares, text, all, percent, err);
}

static int load_exchanges(struct rog_db *db, const struct rog_microevents *events,
                          struct rog_row_shares *shares, struct rog_error *err)
{
    struct rog_query *query = NULL;
    double before[ROG_ROW_WAYS] = {events->from_s, events->from_s};
    int code = rog_query_new(&query, db, err, rog_query_row_counts, "sidd", events->run_id,
                             events->rank, events->from_s, events->to_s);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        code = 0;
        /* Columns: the ends of push and pull, then for each whether it contained all rows, then the
         * counts. */
        for (int way = 0; way < ROG_ROW_WAYS && code == 0; way++) {
            double end_s = fmin(rog_query_real(query, way), events->to_s);
            if (!(end_s > before[way]))
                continue;
            code = add(shares, (enum rog_row_way)way, before[way], end_s,
                       rog_query_text(query, 4 + way), rog_query_int(query, 2 + way) == 1, err);
            before[way] = end_s;
        }
    }
    rog_query_free(query);
    return code;
}

int rog_row_shares_load(struct rog_db *db, const struct rog_microevents *events,
                        struct rog_row_shares *shares, struct rog_error *err)
{
    *shares = (struct rog_row_shares){0};
    int code = load_layers(db, events->run_id, shares, err);
    if (code == 0)
        code = load_exchanges(db, events, shares, err);
    if (code == ROG_EFORMAT)
        rog_fail_prefix(err, "run %s, worker %lld", events->run_id, (long long)events->rank);
    if (code < 0)
        rog_row_shares_release(shares);
    return code;
}

void rog_row_shares_release(struct rog_row_shares *shares)
{
    for (int way = 0; way < ROG_ROW_WAYS; way++) {
        for (size_t i = 0; i < shares->way[way].count; i++)
            free(shares->way[way].item[i].percent);
        free(shares->way[way].item);
    }
    for (size_t i = 0; i < shares->layers; i++)
        free(shares->layer[i]);
    free(shares->layer);
    free(shares->rows);
    *shares = (struct rog_row_shares){0};
}
