/* SPDX-License-Identifier: Apache-2.0 */
/* A run's files and hooks around the virtual cluster. */
#include <trainer/sim/simulate.h>

#include <stdlib.h>

#include <common/file.h>
#include <common/snapshot.h>
#include <common/temporary.h>
#include <librog/events/events.h>
#include <trainer/run/magnitudes.h>
#include <trainer/run/train.h>
#include <trainer/sim/cluster.h>
#include <trainer/sim/network.h>
#include <trainer/sim/program_turns.h>
#include <trainer/sim/snapshot.h>

struct simulation {
    struct rog_train train;
    const struct rog_simulate_options *options;
    struct rog_events *events;
    struct rog_cluster_result result;
    struct rog_snapshots snapshots;
    struct rog_snapshot resumed;       /* the snapshot from which the run resumes */
    struct rog_sim_cluster *cluster;   /* the cluster whose state is being saved */
    struct rog_magnitudes *magnitudes; /* drawn or measured; NULL: neither */
    struct rog_rule rule;              /* of the network's current gradient */
    struct rog_program_turns programs;
};

/* ---- hooks of the cluster ---- */

static float *place_values(void *user, uint32_t worker)
{
    const struct simulation *simulation = user;
    return rog_program_turns_values(&simulation->programs, worker);
}

static int begin_turn(void *user, const struct rog_cluster_turn *turn,
                      const struct rog_statistics *statistics, struct rog_error *err)
{
    struct simulation *simulation = user;
    return rog_program_turns_has(&simulation->programs, turn->worker)
               ? rog_program_turns_begin(&simulation->programs, turn, statistics, err)
               : ROG_OK;
}

static int end_turn(void *user, struct rog_sim_cluster *cluster,
                    const struct rog_cluster_turn *turn, struct rog_cluster_ending *ending,
                    struct rog_error *err)
{
    struct simulation *simulation = user;
    return rog_program_turns_has(&simulation->programs, turn->worker)
               ? rog_program_turns_ended(&simulation->programs, cluster, turn, ending, err)
               : ROG_OK;
}

static int take_work(void *user, const struct rog_cluster_turn *turn, struct rog_cluster_work *work,
                     struct rog_error *err)
{
    struct simulation *simulation = user;
    if (!rog_program_turns_has(&simulation->programs, turn->worker))
        return rog_network_work(&simulation->train, turn, &simulation->rule, work, err);
    rog_program_turns_work(&simulation->programs, turn, work);
    return ROG_OK;
}

static int attend_programs(void *user, struct rog_error *err)
{
    struct simulation *simulation = user;
    return rog_program_turns_attend(&simulation->programs, err);
}

static int end_programs(void *user, struct rog_sim_cluster *cluster, struct rog_error *err)
{
    struct simulation *simulation = user;
    return rog_program_turns_over(&simulation->programs, cluster, err);
}

static int take_checkpoint(void *user, const float *change, uint32_t index, double t_s,
                           uint32_t iteration, struct rog_error *err)
{
    const struct simulation *simulation = user;
    struct rog_checkpoint checkpoint = {.index = index, .iteration = iteration, .t_s = t_s};
    int code = rog_train_save(&simulation->train, simulation->train.params, change,
                              simulation->options->out_dir, &checkpoint, err);
    return code ? code : rog_checkpoint_report(simulation->events, &checkpoint, err);
}

static bool interrupted(void *user)
{
    const struct simulation *simulation = user;
    const struct rog_simulate_options *options = simulation->options;
    return options->interrupted && options->interrupted(options->user);
}

static void say(const struct rog_simulate_options *options, const char *message)
{
    if (options->say)
        options->say(options->user, message);
}

/* Saves or loads the state of the network and the programs. */
static void archive_computing(struct simulation *simulation, struct rog_archive *archive)
{
    if (simulation->train.learner)
        rog_learner_archive(simulation->train.learner, archive);
    if (simulation->programs.programs)
        rog_program_turns_archive(&simulation->programs, archive);
}

static void archive(void *user, struct rog_archive *archive)
{
    struct simulation *simulation = user;
    archive_computing(simulation, archive);
    rog_cluster_archive(simulation->cluster, archive);
}

/* Programs have to keep their state before it can be saved; if one cannot, the run has no
 * snapshots. */
static int ask_programs(struct simulation *simulation, bool *kept, struct rog_error *err)
{
    struct rog_error why = {0};
    *kept = true;
    if (!simulation->programs.programs)
        return ROG_OK;
    int code = rog_program_turns_keep(&simulation->programs, kept, &why);
    if (code != ROG_EINVAL)
        return code ? rog_fail_again(err, &why) : ROG_OK;
    *kept = false;
    rog_snapshots_give_up(&simulation->snapshots);
    char *sentence = rog_format(
        "%s: if this run is interrupted, it must restart from the beginning", why.message);
    if (!sentence)
        return rog_fail_nomem(err);
    say(simulation->options, sentence);
    free(sentence);
    return ROG_OK;
}

/* If a snapshot cannot be written, the run continues without. */
static int take_snapshot(void *user, struct rog_sim_cluster *cluster, double now_s,
                         struct rog_error *err)
{
    struct simulation *simulation = user;
    struct rog_error why = {0};
    uint64_t events_bytes;
    bool kept = false;
    if (!rog_snapshots_due(&simulation->snapshots))
        return ROG_OK;
    int code = ask_programs(simulation, &kept, err);
    if (code || !kept)
        return code;
    code = rog_events_sync(simulation->events, &events_bytes, err);
    if (code)
        return code;
    simulation->cluster = cluster;
    if (rog_snapshots_write(&simulation->snapshots, now_s, events_bytes, archive, simulation,
                            &why)) {
        rog_fail_prefix(&why, "no snapshot at %.3f s of the run", now_s);
        say(simulation->options, why.message);
    }
    if (simulation->programs.programs)
        rog_program_turns_kept(&simulation->programs);
    return ROG_OK;
}

/* ---- running ---- */

static int run(struct simulation *simulation, struct rog_error *err)
{
    const struct rog_train *train = &simulation->train;
    const bool has_programs = simulation->programs.programs != NULL;
    const struct rog_cluster_config cluster = {
        .run = train->config,
        .iterations = train->iterations,
        .strategy = train->plugin.strategy,
        .threshold = train->threshold,
        .parameters = train->plugin.parameters,
        .optimizer = train->parts.server_optimizer,
        .optimizer_parameters = train->parts.chosen[ROG_PART_SERVER_OPTIMIZER].parameters,
        .contribution = &train->parts.contribution,
        .rows = train->rows,
        .wire_scale = train->wire_scale,
        .params = train->params,
        .events = simulation->events,
        .layers = train->layers,
        .magnitudes = rog_magnitudes_hook(simulation->magnitudes),
        .user = simulation,
        .values = has_programs ? place_values : NULL,
        .begin = has_programs ? begin_turn : NULL,
        .ended = has_programs ? end_turn : NULL,
        .work = train->learner || has_programs ? take_work : NULL,
        .meanwhile = has_programs ? attend_programs : NULL,
        .over = has_programs ? end_programs : NULL,
        .checkpoint = take_checkpoint,
        .interrupted = interrupted,
        .snapshot = take_snapshot,
        .resume = simulation->resumed.bytes ? &simulation->resumed.archive : NULL,
    };
    int code = rog_cluster_run(&cluster, &simulation->result, err);
    if (!code && simulation->options->magnitudes)
        code = rog_magnitudes_write(simulation->magnitudes, simulation->options->magnitudes, err);
    if (code)
        return code;
    return rog_train_report_end(train, simulation->events, simulation->result.seconds,
                                simulation->result.iterations, NULL, err);
}

/* Returns the path of the run's events; NULL if out of memory. */
static char *events_path(const struct rog_simulate_options *options)
{
    return options->events_path ? rog_strdup(options->events_path)
                                : rog_path_join(options->out_dir, "events.jsonl");
}

/* Magnitudes are measured if there are gradients and the user asks for them, and drawn if there are
 * none. */
static int open_magnitudes(struct simulation *simulation, const struct rog_run_config *config,
                           struct rog_error *err)
{
    const struct rog_train *train = &simulation->train;
    const struct rog_simulate_options *options = simulation->options;
    if (options->magnitudes && (!train->params || options->resume))
        return rog_fail(err, ROG_EINVAL,
                        "--magnitudes can be measured only in runs that train, from their start");
    if (options->magnitudes)
        return rog_magnitudes_measure(&simulation->magnitudes, train->rows, err);
    return train->params || !config->magnitudes
               ? ROG_OK
               : rog_magnitudes_draw(&simulation->magnitudes, config->magnitudes, train->rows,
                                     config->seed, err);
}

static int start_programs(struct simulation *simulation, struct rog_error *err)
{
    const struct rog_simulate_options *options = simulation->options;
    const struct rog_program_turns_options how = {
        .config_path = options->config_path,
        .out_dir = options->out_dir,
        .at_once = options->programs_at_once,
        .interrupted = options->interrupted,
        .say = options->say,
        .user = options->user,
    };
    return rog_program_turns_start(&simulation->programs, &simulation->train, &how, err);
}

static int prepare(struct simulation *simulation, const struct rog_run_config *config,
                   struct rog_error *err)
{
    const char *why = NULL;
    int code = rog_train_init(&simulation->train, config, simulation->options->start_model, err);
    if (!code)
        code = start_programs(simulation, err);
    if (!code)
        code = open_magnitudes(simulation, config, err);
    /* There are snapshots only with this stream: others are not truncated when a run resumes. */
    if (!code && !simulation->options->events_path)
        code = rog_snapshots_init(&simulation->snapshots, &simulation->train,
                                  simulation->options->out_dir, &why, err);
    if (why)
        say(simulation->options, why);
    return code;
}

static int begin(struct simulation *simulation, const struct rog_run_config *config,
                 struct rog_error *err)
{
    const struct rog_simulate_options *options = simulation->options;
    char *path = events_path(options);
    int code = path ? rog_dir_make(options->out_dir, err) : rog_fail_nomem(err);
    if (!code)
        code = rog_snapshots_remove(options->out_dir, err);
    if (!code)
        code = rog_events_open(&simulation->events, path, err);
    free(path);
    if (!code)
        code = prepare(simulation, config, err);
    return code ? code : rog_train_report_start(&simulation->train, simulation->events, err);
}

/* Removes an unusable snapshot, so that the caller finds none and restarts the run. */
static int refuse(const struct simulation *simulation, const struct rog_error *why,
                  struct rog_error *err)
{
    rog_snapshots_remove(simulation->options->out_dir, NULL);
    return rog_fail(err, ROG_EFAILED, "%s; the run must restart from the beginning", why->message);
}

/* Removes files that the run was writing when it was killed. */
static void remove_leftovers(const struct rog_simulate_options *options)
{
    static const char *const folders[] = {"chkpt", ROG_SNAPSHOT_FOLDER};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char *path = rog_path_join(options->out_dir, folders[i]);
        if (path)
            rog_temporary_clean(path, rog_dir_remove);
        free(path);
    }
}

static int take_up(struct simulation *simulation, const struct rog_run_config *config,
                   struct rog_error *err)
{
    struct rog_error why = {0};
    if (simulation->options->events_path)
        return rog_fail(err, ROG_EINVAL, "--resume and --events cannot be used together");
    int code = prepare(simulation, config, err);
    if (code)
        return code;
    code = rog_snapshots_open(&simulation->snapshots, &simulation->resumed, &why);
    char *path = events_path(simulation->options);
    if (!code && !path)
        code = rog_fail_nomem(&why);
    if (!code)
        code =
            rog_events_resume_at(&simulation->events, path, simulation->resumed.events_bytes, &why);
    free(path);
    if (!code)
        remove_leftovers(simulation->options);
    if (!code)
        archive_computing(simulation, &simulation->resumed.archive);
    if (code == ROG_EINVAL || code == ROG_EFORMAT)
        return refuse(simulation, &why, err);
    if (!code && simulation->programs.programs && !rog_archive_failed(&simulation->resumed.archive))
        code = rog_program_turns_resume(&simulation->programs, &why);
    return code ? rog_fail_again(err, &why) : ROG_OK;
}

/* Ends the files; the run's result is the last event. */
static int finish(struct simulation *simulation, int code, struct rog_error *cause)
{
    struct rog_error last = {0};
    bool refused = simulation->resumed.archive.err.code != 0;
    if (code && refused)
        code = code == ROG_EFORMAT ? refuse(simulation, &simulation->resumed.archive.err, cause)
                                   : code;
    else if (code && simulation->events)
        rog_event_error(simulation->events, simulation->result.seconds, -1, cause->message);
    if (rog_events_close(simulation->events, &last) && !code) {
        code = last.code;
        *cause = last;
    }
    return code ? code : rog_snapshots_remove(simulation->options->out_dir, cause);
}

int rog_simulate(const struct rog_run_config *config, const struct rog_simulate_options *options,
                 struct rog_error *err)
{
    struct simulation simulation = {.options = options};
    struct rog_error cause = {0};
    int code =
        options->resume ? take_up(&simulation, config, &cause) : begin(&simulation, config, &cause);
    if (!code)
        code = run(&simulation, &cause);
    rog_program_turns_release(&simulation.programs);
    code = finish(&simulation, code, &cause);
    rog_magnitudes_free(simulation.magnitudes);
    rog_snapshot_release(&simulation.resumed);
    rog_snapshots_release(&simulation.snapshots);
    rog_train_release(&simulation.train);
    return code ? rog_fail_again(err, &cause) : ROG_OK;
}
