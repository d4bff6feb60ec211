/* Times and durations of the command line (--schedule-at, --schedule-in, the window of --rate): within the
 * calendar, or refused. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "cmd/enqueue/when.h"

#define NOW (INT64_C(1795212711) * CQ_SECOND)
#define LONGEST_S (INT64_C(10000) * 366 * 86400)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = cq_strndup((const char *)data, size);
    struct cq_error err = {.text = ""};
    cq_time when = 0;
    int64_t seconds = 0;
    if (cq_when_parse(text, NOW, &when, &err) == CQ_OK) {
        if (when > LONGEST_S * CQ_SECOND || when < -LONGEST_S * CQ_SECOND)
            abort();
    } else if (err.code != CQ_ERR_USAGE || strncmp(err.text, "--schedule-at", 13) != 0 ||
               strchr(err.text, '\n')) {
        abort();
    }
    /* What is refused is left as it was. */
    if (!cq_number_duration(cq_str_n((const char *)data, size), &seconds) && seconds != 0)
        abort();
    free(text);
    return 0;
}
