/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_HOST_H
#define ROG_HOST_HOST_H

/*
 * The supervisor of one node of a run on one host, in its own folder, which only its user can read.
 * The controller puts into the folder:
 *   host.json    what to do (spec.h)
 *   config.json  the run's configuration
 *   key          the run's key (mode 0600)
 *   lease        a file that it touches as long as it needs the run, by this host's clock
 *   end          if the role must end; the folder stays, for the server's last files
 * and collects from it:
 *   events.jsonl what the server or worker reports
 *   host.jsonl   what the host reports, by the same clock: "energy" of a sensor, "health",
 *                "bandwidth", "replay-audit", "replay-end" (shape/shape.h), "restart" and "warning"
 *                {"message"}
 *   chkpt/       the server's checkpoints
 *   trainer.log  output of the server or worker; host.log: what the supervisor does
 *   state.json   {"state", "pid" (the supervisor's), "boot" (the host's boot_id), "status" (the
 *                role's exit status, 128 + signal, -1: none yet), "message"}; state is starting,
 *                running, ended, failed, or stopped: ended by a request before the role had ended
 * The folder also has `lock`, held as long as a process of this run is alive, and `work`, where a
 * worker writes its events before they are forwarded.
 *
 * The interface is shaped first; then the role is started, in its own process group, which dies
 * with the supervisor. A role killed by a signal is restarted, at most `restarts` times, the server
 * from the state that it saved last. The run has failed if the role exits with an error or the
 * replay of bandwidth breaks off. The state "ended" is written when the role has exited
 * successfully and the interface is restored. The key is removed then; the folder stays until the
 * controller stops the supervisor, or lets the lease expire: then everything is stopped and the
 * folder removed, whatever the state.
 */

#include <rog/error.h>

/* Runs the supervisor; returns when it is told to end (SIGTERM, SIGINT, SIGHUP) or the lease has
 * expired. Changes the current folder, the environment and the signal mask of the process. 0: the
 * role exited successfully. ROG_EBUSY another supervisor works in the folder; ROG_EINVAL the folder
 * was used before, or host.json is invalid; ROG_EFAILED the role failed or the lease expired;
 * ROG_EINTR it was told to end before the role had; ROG_EIO. */
int rog_host_run(const char *folder, struct rog_error *err);

/* Ends the supervisor in the folder, waits until it and everything that it has started are gone,
 * restores the interface and removes the folder. A folder that does not exist is not an error.
 * ROG_EINVAL it is not the folder of a host; ROG_EFAILED the supervisor does not end, or the
 * interface cannot be restored. */
int rog_host_stop(const char *folder, struct rog_error *err);

#endif
