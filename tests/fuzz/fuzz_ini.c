/* An ini file: it is taken with every value in its bounds, or refused with a line number. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/load.h"
#include "config/redis_address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_bounds(const struct cq_settings *settings)
{
    size_t count;
    const struct cq_setting *table = cq_settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (table[i].type != CQ_SETTING_INT && table[i].type != CQ_SETTING_SECONDS &&
            table[i].type != CQ_SETTING_TIMEOUT)
            continue;
        int64_t value;
        memcpy(&value, (const char *)settings + table[i].offset, sizeof(value));
        if (value < table[i].min || value > table[i].max)
            abort();
    }
    if (!settings->queues.len || !settings->path.len)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_settings settings;
    struct cq_address address;
    struct cq_error err = {.text = ""};
    cq_settings_init(&settings);
    if (cq_settings_load_text(&settings, cq_str_n(data, size), "f", &err) == CQ_OK) {
        check_bounds(&settings);
        if (cq_settings_address(&settings, &address, &err) == CQ_OK)
            cq_address_release(&address);
        else if (!err.text[0])
            abort();
    } else if (err.code != CQ_ERR_CONFIG || strncmp(err.text, "f:", 2) != 0 || err.text[2] < '1' ||
               err.text[2] > '9') {
        abort();
    }
    cq_settings_release(&settings);
    return 0;
}
