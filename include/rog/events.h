/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EVENTS_H
#define ROG_EVENTS_H

/*
 * The event stream: one JSON object per line, written by rog-trainer and stored by rogctl.
 *
 * Every event has "event" (one of the names below) and "t" (seconds since the run's start, rounded
 * to the microsecond); events of one node have "rank" (0 the server, 1..N the workers). Further
 * members are listed with the event's name. Consumers ignore members that they do not know, and
 * store events that they do not know in the table `events` as they are.
 */

/* The first event. "strategy" {library, version, path, threshold}, "model", "params", "rows",
 * "wire_bytes" (a full exchange on the link), "model_sha256" (the initial weights), "data",
 * "workers" [{rank, host, profile, trace_phase (if not 0), trace_blocks (if its recording is
 * resampled in blocks: their length in seconds), program (with workload "program": whether this
 * worker runs one), measured and step_s (if the time of its local steps was measured: true, and
 * that time), iterations (in its epochs; missing if a program decides)}], "layers" [[name,
 * rows]] (if rows are recorded), "layout" [{name, shape, constant}] (of a model from a program),
 * "version" (of the trainer), "results" (ROG_RESULTS_VERSION), "seed", "accelerators" {isa}. */
#define ROG_EVENT_START "start"

/* Increment this when the same settings and files give different results than before: rogctl
 * repeats runs that have another version. */
#define ROG_RESULTS_VERSION 1

/* A worker finished an iteration (its pull was applied). Its members have the names of the
 * columns of the table `iterations` of results.db (docs/results.md); unknown values are left
 * out. push_s and pull_s include compressing and decompressing, for every strategy. */
#define ROG_EVENT_ITERATION "iteration"

/* Follows an iteration in which not every row was sent, if the run records rows. "iteration",
 * "pushed" and "pulled": the number of rows of each of the start event's layers in its push and
 * pull; they add up to rows_pushed and rows_pulled. */
#define ROG_EVENT_ROWS "rows"

/* The server admitted a worker's pull. "iteration", "oldest" (the smallest version over all rows
 * of all active workers at this time), "needed" (the smallest version that the strategy would
 * accept). "granted" if the strategy grants pulls: the number of workers with a grant, including
 * this one. "slowest", "reached" and "active" if the strategy makes promises about them: the
 * last complete push of the slowest active worker, how many active workers have completed one of
 * this iteration, and how many are active. */
#define ROG_EVENT_ADMIT "admit"

/* The link's rate changed. "mbps"; missing if the link has no limit. */
#define ROG_EVENT_BANDWIDTH "bandwidth"

/* Energy used since the run's start. "joules", "source" ("model" or a sensor's name). */
#define ROG_EVENT_ENERGY "energy"

/* The server saved the model. "iteration", "path" (relative to the run's folder), "sha256". */
#define ROG_EVENT_CHECKPOINT "checkpoint"

/* A checkpoint was tested. "path", "sha256", "accuracy" (percent, or the unit of the run's setting
 * `metric`), "images", "loss". */
#define ROG_EVENT_ACCURACY "accuracy"

/* A worker stalls. "iteration", "waits_for" [{rank, version}] (if it waits for a grant: a worker
 * that has one, and version 0). The end of the stall: "iteration", "stall_s". */
#define ROG_EVENT_STALL_BEGIN "stall-begin"
#define ROG_EVENT_STALL_END "stall-end"

/* The server demanded rows from this rank. "rows" (how many), "version". */
#define ROG_EVENT_MUST_UPDATE "must-update"

#define ROG_EVENT_JOIN "join"
#define ROG_EVENT_LEAVE "leave"     /* "reason" */
#define ROG_EVENT_WARNING "warning" /* "message" */
#define ROG_EVENT_ERROR "error"     /* "message"; the process exits after it */
/* The message begins with this if a user or another process stopped the process: it is not a
 * cause. */
#define ROG_INTERRUPTED "interrupted by "
/* The message if a training program closed its connection early: its standard error has the
 * reason. */
#define ROG_CLOSED "closed by the program before it had finished"

/* Message about a training program that exited successfully before it connected. */
#define ROG_NO_PART "ended (status 0) without taking part in the run"

/* Beginning of the server's warning that it has lost the connection to a worker; the worker may
 * reconnect ("join"). */
#define ROG_CONNECTION_LOST "connection lost: "

/* A process of the run was killed and rogctl restarts it: "message". */
#define ROG_EVENT_RESTART "restart"
/* A run resumes: "message". On a virtual cluster an interrupted run resumes from its snapshot;
 * "t" is the time of the snapshot. On other clusters a killed server resumes from its last saved
 * state: "iteration", and "lost_s", how long the run had continued after that state; the work of
 * this time is lost or repeated. */
#define ROG_EVENT_RESUME "resume"
/* An earlier attempt at the run failed: "message". */
#define ROG_EVENT_RETRY "retry"
/* An agent of a pool executed the run from from_t to t. {agent, host, from_t, wall_s, slurm_job
 * (in a Slurm job)}. */
#define ROG_EVENT_EXECUTED "executed"

/* A worker's host could not be reached at the end of the run: its last records may be missing.
 * "message". */
#define ROG_EVENT_UNFETCHED "unfetched"

/* The bandwidth replay of a host has ended. "error" (achieved bits / requested bits - 1, while
 * there was something to send; null if unknown), "tolerance" (the allowed error), "busy_s",
 * "steps", "late_max_s". */
#define ROG_EVENT_REPLAY_END "replay-end"

/* The state of a host and its link. "mbps_up", "mbps_down" (traffic of its interface since the
 * previous event), "battery" (0..1), "celsius" (its hottest part), "throttled"; unknown values
 * are left out. The last event is stored in the table `robots`; an event itself is stored only
 * if throttling or charge has changed. */
#define ROG_EVENT_HEALTH "health"

/* Progress between other events, for people: "done" (0..1; missing while waiting), "wall_s",
 * "message"; from a server in real time "waiting": what it waits for from now on, to be read
 * after "waiting for", or empty. Not stored. */
#define ROG_EVENT_PROGRESS "progress"

/* The last event, written only after success. "iterations" (largest of any worker), "seconds",
 * "model_sha256"; in real time "workers" (how many took part to the end) and, if not all,
 * "workers_away" [{rank, since_s, came}] (since_s: time in the run since which the worker has
 * been away, 0 if since before it started; without `came` the worker never connected). A stream
 * without this event belongs to an unfinished run. */
#define ROG_EVENT_END "end"

#endif
