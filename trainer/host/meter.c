/* SPDX-License-Identifier: Apache-2.0 */
/* Reports a host's energy as events. */
#include <trainer/host/meter.h>

#include <common/clock.h>
#include <rog/events.h>

#define EVENT_PERIOD_S 5.0

int rog_host_meter_open(struct rog_host_meter *meter, const char *sysfs,
                        const struct rog_host_journal *journal, struct rog_error *err)
{
    struct rog_error why;
    *meter = (struct rog_host_meter){0};
    int code = rog_power_open(&meter->power, sysfs, &why);
    if (!code) {
        rog_host_journal_log(journal, "energy is measured by %s", rog_power_source(meter->power));
    } else if (code == ROG_ENOTFOUND) {
        rog_host_journal_log(journal, "energy is computed by the profile's model: %s", why.message);
        code = ROG_OK;
    } else {
        rog_fail_again(err, &why);
    }
    return code;
}

void rog_host_meter_close(struct rog_host_meter *meter)
{
    rog_power_free(meter->power);
    *meter = (struct rog_host_meter){0};
}

static int report(const struct rog_host_meter *meter, const struct rog_host_journal *journal,
                  struct rog_error *err)
{
    struct rog_json *body = rog_json_object();
    rog_json_put_number(body, "joules", rog_power_joules(meter->power));
    rog_json_put_string(body, "source", rog_power_source(meter->power));
    return rog_host_journal_event(journal, ROG_EVENT_ENERGY, body, err);
}

int rog_host_meter_read(struct rog_host_meter *meter, const struct rog_host_journal *journal,
                        bool last, double *joules, struct rog_error *err)
{
    double now_s = rog_clock_s();
    struct rog_error why;
    if (!meter->power || !journal->begun)
        return ROG_OK;
    if (!meter->begun)
        meter->next_sample_s = meter->next_event_s = now_s;
    meter->begun = true;
    if (!last && now_s < meter->next_sample_s)
        return ROG_OK;
    int code = rog_power_sample(meter->power, now_s, &why);
    *joules = rog_power_joules(meter->power);
    if (code) {
        rog_host_meter_close(meter);
        return rog_fail(err, ROG_EFAILED, "%s", why.message);
    }
    /* A late sample does not move the next ones. */
    while (meter->next_sample_s <= now_s)
        meter->next_sample_s += ROG_POWER_PERIOD_S;
    if (!last && now_s < meter->next_event_s)
        return ROG_OK;
    while (meter->next_event_s <= now_s)
        meter->next_event_s += EVENT_PERIOD_S;
    return report(meter, journal, err);
}
