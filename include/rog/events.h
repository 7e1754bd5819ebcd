/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EVENTS_H
#define ROG_EVENTS_H

/*
 * The event stream: one JSON object a line, what rog-trainer writes and rogctl stores.
 *
 * Every event has "event" (one of the names below) and "t" (seconds since the run's start, rounded
 * to the microsecond); events of one node have "rank" (0 the server, 1..N the workers). An event's
 * further members are listed with its name. Consumers ignore members they do not know and store
 * events they do not know in the table `events` as they are.
 */

/* First. "strategy" {library, version, path, threshold}, "model", "params", "rows", "wire_bytes"
 * (a full exchange on the wire), "model_sha256" (the starting weights), "data" , "workers" [{rank,
 * host, profile, trace_phase (where it is not 0), trace_blocks (where its recording is drawn in
 * blocks, their s), program (whether it runs one, with workload program), measured and step_s
 * (where the time of its local steps was measured: true, and that time), iterations (that its
 * epochs are; missing where a program decides)}], "layers" [[name, rows]]
 * (where rows are recorded), "layout" [{name, shape, constant}] (of a model that a program has
 * brought), "version" (of the trainer), "results" (ROG_RESULTS_VERSION), "seed",
 * "accelerators" {isa}. */
#define ROG_EVENT_START "start"

/* Counts up when the same settings and files give other results than before: runs that were made
 * with another version are made anew. */
#define ROG_RESULTS_VERSION 1

/* A worker finished an iteration (its pull was applied). Its members are the columns of the table
 * `iterations` of results.db, by their names (docs/results.md); one that is not known is left out.
 * push_s and pull_s contain compressing and decompressing, for every strategy alike. */
#define ROG_EVENT_ITERATION "iteration"

/* Follows an iteration in which not every row was sent, where the run records rows. "iteration",
 * "pushed" and "pulled": how many rows of each of the start event's layers were in its push and in
 * its pull; they add up to rows_pushed and rows_pulled. */
#define ROG_EVENT_ROWS "rows"

/* The server admitted a worker's pull. "iteration", "oldest" (the smallest version over all rows of
 * all active workers at that moment), "needed" (the smallest the strategy would accept); "granted"
 * where the strategy grants pulls: workers that have a grant, this one with them; "slowest",
 * "reached" and "active" where it promises something about them: the last complete push of the
 * slowest active worker, how many active workers have completed one of this iteration, and how many
 * are active. */
#define ROG_EVENT_ADMIT "admit"

/* The link's rate changed. "mbps". A link without a limit has none. */
#define ROG_EVENT_BANDWIDTH "bandwidth"

/* Cumulative. "joules", "source" ("model" or a sensor's name). */
#define ROG_EVENT_ENERGY "energy"

/* The server saved the model. "iteration", "path" (relative to the run's folder), "sha256". */
#define ROG_EVENT_CHECKPOINT "checkpoint"

/* A checkpoint was tested. "path", "sha256", "accuracy" (percent, or what the run's setting
 * `metric` says), "images", "loss". */
#define ROG_EVENT_ACCURACY "accuracy"

/* "iteration", "waits_for" [{rank, version}], where it waits for a grant a worker that has one, and
 * version 0; and its end: "iteration", "stall_s". */
#define ROG_EVENT_STALL_BEGIN "stall-begin"
#define ROG_EVENT_STALL_END "stall-end"

/* The server asked this rank for rows. "rows" (how many), "version". */
#define ROG_EVENT_MUST_UPDATE "must-update"

#define ROG_EVENT_JOIN "join"
#define ROG_EVENT_LEAVE "leave"     /* "reason" */
#define ROG_EVENT_WARNING "warning" /* "message" */
#define ROG_EVENT_ERROR "error"     /* "message"; the process ends after it */
/* How the message begins where somebody told the process to end: it is not the cause of anything.
 */
#define ROG_INTERRUPTED "interrupted by "
/* The message where a program of one's own left early: why is in what it wrote to standard error.
 */
#define ROG_CLOSED "closed by the program before it had finished"

/* Said of a program of one's own that ended well before it was there. */
#define ROG_NO_PART "ended (status 0) without taking part in the run"

/* How the server's warning begins that has lost its connection to a worker; the worker may come
 * back ("join"). */
#define ROG_CONNECTION_LOST "connection lost: "

/* A process of the run was killed and is started again: "message". */
#define ROG_EVENT_RESTART "restart"
/* A run goes on: "message". On a virtual cluster an interrupted one, from its snapshot, whose time
 * "t" is. On others its server, which was killed, from what it had saved: "iteration", and
 * "lost_s", how long the run had gone on since then: what was done in that time is lost or made
 * again. */
#define ROG_EVENT_RESUME "resume"
/* An earlier attempt at the run came to nothing: "message". */
#define ROG_EVENT_RETRY "retry"
/* {agent, host, from_t, wall_s, slurm_job: where it was in one}: an agent of a pool has executed
 * the run from there to t */
#define ROG_EVENT_EXECUTED "executed"

/* A worker's host was out of reach when the run was over: what it recorded last may be missing.
 * "message". */
#define ROG_EVENT_UNFETCHED "unfetched"

/* Of a host that replays bandwidth: the replay is over. "error" (achieved bits / requested bits -
 * 1, while there was something to send; null: not known), "tolerance" (how far off it may be),
 * "busy_s", "steps", "late_max_s". */
#define ROG_EVENT_REPLAY_END "replay-end"

/* How a host and its link are. "mbps_up", "mbps_down" (what its interface has sent and received
 * since the event before), "battery" (0..1), "celsius" (its hottest part), "throttled"; what is not
 * known is left out. The last one is kept in the table `robots`; among the events are those with
 * news of throttling or charge. */
#define ROG_EVENT_HEALTH "health"

/* Progress between other events, for people: "done" (0..1; missing while something is
 * waited for), "wall_s", "message"; of a server in real time "waiting": what it waits for from then
 * on, as in "waiting for ...", and empty where it no longer does. Not stored. */
#define ROG_EVENT_PROGRESS "progress"

/* Last, and only when everything went well. "iterations" (largest of any worker), "seconds",
 * "model_sha256"; in real time "workers" (how many took part to the end) and, where that is not all
 * of them, "workers_away" [{rank, since_s, came}] (since when of the run; 0: since before it began,
 * or without `came` it never did). A stream without it is of an unfinished run. */
#define ROG_EVENT_END "end"

#endif
