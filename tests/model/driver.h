/*
 * What the parts of the driver share: the words of the line that is obeyed, and the one call that is built,
 * sent and answered.
 */
#ifndef CQ_TESTS_MODEL_DRIVER_H
#define CQ_TESTS_MODEL_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "redis/command.h"
#include "redis/reply.h"

enum { WORDS_MAX = 64, LIST_MAX = 16 };

extern struct cq_command call;

struct cq_str given(const char *name); /* CQ_STR_NONE: not given */
struct cq_str bytes(const char *name); /* given as hex digits, which they replace */
int64_t number(const char *name, int64_t otherwise);
bool flag(const char *name);
cq_time now(void);
size_t list(const char *name,
            struct cq_str ret_items[LIST_MAX]); /* a comma's list; once only, it is cut up in place */

void answer(enum cq_code code, const struct cq_error *err, const char *text);
struct cq_reply *sent(void); /* NULL: said so already */
struct cq_reply *run(void);  /* sent twice where the line says so */

typedef enum cq_code reader(const struct cq_reply *reply, struct cq_error *err);
void run_plain(reader *read);

struct verb {
    const char *name;
    void (*run)(void);
};
extern const struct verb work_verbs[], manage_verbs[], more_verbs[]; /* end with a NULL */

#endif
