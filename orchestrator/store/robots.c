/* SPDX-License-Identifier: Apache-2.0 */
/* Stores and reads the last known state of each host of a run. */
#include <orchestrator/store/robots.h>

#include <math.h>
#include <stddef.h>

#include <rog/events.h>

#define CHARGE_STEPS 20 /* steps of the battery's charge; a new step is news */

/* SQL, of run ?1 and rank ?2. */
#define NOW "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"
#define LAST_ITERATION "(SELECT max(iteration) FROM iterations WHERE run_id = ?1 AND rank = ?2)"

/* Members of an event, which have the names of columns. */
static const char *const numbers[] = {"mbps_up", "mbps_down", "battery", "celsius"};
#define NUMBERS (sizeof numbers / sizeof *numbers)

static bool same_charge(double before, double now)
{
    if (isnan(before) || isnan(now))
        return isnan(before) == isnan(now);
    return floor(CHARGE_STEPS * before) == floor(CHARGE_STEPS * now);
}

static int look_for_news(struct rog_db *db, const char *run_id, int64_t rank, double battery,
                         int64_t throttled, bool *news, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(
        &query, db, err,
        "SELECT battery, ifnull(throttled, -1) FROM robots WHERE run_id = ? AND rank = ?", "si",
        run_id, rank);
    if (code == 0)
        code = rog_query_step(query, err);
    *news = code != 1 || !same_charge(rog_query_real(query, 0), battery) ||
            rog_query_int(query, 1) != throttled;
    rog_query_free(query);
    return code < 0 ? code : 0;
}

int rog_robots_heard(struct rog_db *db, const char *run_id, int64_t rank,
                     const struct rog_json *event, bool *news, struct rog_error *err)
{
    double number[NUMBERS];
    const struct rog_json *flag = rog_json_get(event, "throttled");
    int64_t throttled = flag ? rog_json_get_bool(event, "throttled", false) : -1;
    for (size_t i = 0; i < NUMBERS; i++)
        number[i] = rog_json_get_number(event, numbers[i], (double)NAN);
    int code = look_for_news(db, run_id, rank, number[2], throttled, news, err);
    if (code == 0)
        code = rog_db_run(
            db, err,
            "INSERT OR REPLACE INTO robots(run_id, rank, host, heard_at, iteration, mbps_up,"
            " mbps_down, battery, celsius, throttled)"
            " VALUES (?1, ?2, (SELECT host FROM workers WHERE run_id = ?1 AND rank = ?2),"
            " " NOW ", " LAST_ITERATION ","
            " ?3, ?4, ?5, ?6, nullif(?7, -1))",
            "siddddi", run_id, rank, number[0], number[1], number[2], number[3], throttled);
    return code;
}

int rog_robots_went_on(struct rog_db *db, const char *run_id, int64_t rank, struct rog_error *err)
{
    return rog_db_run(db, err,
                      "UPDATE robots SET heard_at = " NOW ", iteration = " LAST_ITERATION
                      " WHERE run_id = ?1 AND rank = ?2",
                      "si", run_id, rank);
}

static void put_row(struct rog_json *row, struct rog_query *query)
{
    rog_json_put_integer(row, "rank", rog_query_int(query, 0));
    rog_json_put_string(row, "host", rog_query_text(query, 1));
    rog_json_put_string(row, "heard_at", rog_query_text(query, 2));
    rog_json_put_integer(row, "silent_s", rog_query_int(query, 3));
    if (rog_query_is_null(query, 4))
        rog_json_put_number(row, "iteration", (double)NAN); /* null */
    else
        rog_json_put_integer(row, "iteration", rog_query_int(query, 4));
    for (size_t i = 0; i < NUMBERS; i++)
        rog_json_put_number(row, numbers[i], rog_query_real(query, 5 + (int)i));
    if (rog_query_is_null(query, 5 + (int)NUMBERS))
        rog_json_put_number(row, "throttled", (double)NAN);
    else
        rog_json_put_bool(row, "throttled", rog_query_int(query, 5 + (int)NUMBERS) != 0);
    rog_json_put_bool(row, "away", rog_query_int(query, 6 + (int)NUMBERS) != 0);
}

int rog_robots_json(struct rog_db *db, const char *run_id, struct rog_json **robots,
                    struct rog_error *err)
{
    struct rog_query *query = NULL;
    *robots = rog_json_array();
    int code = *robots ? 0 : rog_fail_nomem(err);
    if (code == 0)
        code = rog_query_new(
            &query, db, err,
            "SELECT rank, host, heard_at,"
            " max(0, strftime('%s', 'now') - strftime('%s', heard_at)), iteration, mbps_up,"
            " mbps_down, battery, celsius, throttled, coalesce((SELECT kind = '" ROG_EVENT_LEAVE
            "' FROM events WHERE events.run_id = robots.run_id AND events.rank = robots.rank"
            " AND kind IN ('" ROG_EVENT_LEAVE "', '" ROG_EVENT_JOIN "')"
            " ORDER BY t DESC LIMIT 1), 0) FROM robots WHERE run_id = ? ORDER BY rank",
            "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        struct rog_json *row = rog_json_object();
        put_row(row, query);
        rog_json_append(*robots, row);
        code = 0;
    }
    rog_query_free(query);
    if (code < 0) {
        rog_json_free(*robots);
        *robots = NULL;
    }
    return code;
}
