/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_HOST_H
#define ROG_HOST_HOST_H

/*
 * The supervisor of one node of a run on one host, in a folder of its own that only its user may
 * read. The controller puts in:
 *   host.json    what to do (spec.h)
 *   config.json  the run's configuration
 *   key          the run's key (mode 0600)
 *   lease        a file that it touches as long as it wants the run, by this host's clock
 *   end          once the role is to end; the folder stays, for what a server saves last
 * and takes out:
 *   events.jsonl what the server or worker reports
 *   host.jsonl   what the host reports, by the same clock: "energy" of a sensor, "health",
 *                "bandwidth", "replay-audit", "replay-end" (shape/shape.h), "restart" and "warning"
 *                {"message"}
 *   chkpt/       the server's checkpoints
 *   trainer.log  what the server or worker says; host.log: what the supervisor does
 *   state.json   {"state", "pid" (the supervisor's), "boot" (the host's boot_id), "status" (the
 *                role's exit status, 128 + signal, -1: none yet), "message"}; state is starting,
 *                running, ended, failed, or stopped: told to end before the role had
 * Beside them lie
 * `lock`, held as long as anything of this host's runs, and `work`, where a worker writes its
 * events before they are handed on.
 *
 * The interface is shaped first; then the role is started, in a process group of its own that dies
 * with the supervisor. One that a signal has killed is started again, `restarts` times, the server
 * from what it saved last; one that ends with an error has failed, and so has a host whose replay
 * broke off. "ended" is written when the role ended well and the interface is as before. The key is
 * removed then; the folder stays until the controller stops the supervisor, or lets the lease run
 * out: then everything is stopped and the folder removed, whatever the state.
 */

#include <rog/error.h>

/* Returns when it is told to end (SIGTERM, SIGINT, SIGHUP) or the lease has run out. Changes the
 * current folder, the environment and the signal mask of the process. 0: the role ended well.
 * ROG_EBUSY another supervisor is at work in the folder; ROG_EINVAL the folder has been used, or
 * host.json makes no sense; ROG_EFAILED the role failed or the lease ran out; ROG_EINTR it was told
 * to end before the role had; ROG_EIO. */
int rog_host_run(const char *folder, struct rog_error *err);

/* Ends the supervisor in the folder, waits until it and all that it has started are gone, puts the
 * interface back and removes the folder. That there is no such folder is no error. ROG_EINVAL it is
 * no folder of a host; ROG_EFAILED it does not end, or the interface cannot be put back. */
int rog_host_stop(const char *folder, struct rog_error *err);

#endif
