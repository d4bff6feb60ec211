/*
 * One Redis command, built once as the bytes that go over the wire (RESP), so that the blocking and the
 * asynchronous connection send the same thing and building it needs no I/O and no second copy.
 */
#ifndef CQ_REDIS_COMMAND_H
#define CQ_REDIS_COMMAND_H

#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"
#include "scripts/scripts.h" /* made by the build out of the Lua files beside the C of each transition */
#include "serializers/zlib.h"

/* Bytes of one command: a job's data and its meta or result at their largest, and room for the rest. */
enum { CQ_COMMAND_MAX = 2 * CQ_PAYLOAD_MAX + 64 * 1024 * 1024 };

struct cq_command {
    struct cq_buf body; /* the arguments, after room for the *N header; overflow is checked by who sends it */
    int argc;
    enum cq_script script; /* CQ_SCRIPT_NONE for a plain command */
};

void cq_command_init(struct cq_command *command);
void cq_command_release(struct cq_command *command);
void cq_command_clear(struct cq_command *command); /* empty it for the next use; keeps the memory */

void cq_command_arg(struct cq_command *command, struct cq_str arg); /* binary safe */
void cq_command_text(struct cq_command *command, const char *arg);
void cq_command_int(struct cq_command *command, int64_t arg);
void cq_command_argf(struct cq_command *command, const char *format, ...) CQ_PRINTF(2, 3);

/* Several text arguments in one call; ends at NULL: cq_command_texts(&c, "HSET", key, field, value, NULL). */
void cq_command_texts(struct cq_command *command, ...) __attribute__((sentinel));

/*
 * Start a script call: EVALSHA <sha> <nkeys>. Then keys and arguments follow, in the order of the script's
 * first lines; job/script_call.h puts them by their names. nkeys  number of keys that follow
 */
void cq_command_script(struct cq_command *command, enum cq_script script, int nkeys);

/* The finished wire form, valid until the command changes. Never empty; at least one argument was added. */
struct cq_str cq_command_wire(struct cq_command *command);

#endif
