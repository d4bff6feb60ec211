/*
 * The call of a script, by the names that the script itself uses. The build reads the first lines of a Lua
 * file,
 *
 *     local worker, executions = unpack(KEYS)
 *     local id, at_front = unpack(ARGV)
 *
 * and makes lists of them, CQ_<SCRIPT>_KEYS and CQ_<SCRIPT>_ARGS. A function that builds the call declares
 * one local variable for each name, in any order, and then puts them into the command in the script's order:
 *
 *     struct cq_key key_worker = ..., key_executions = ...;
 *     struct cq_str arg_id = job->id;
 *     bool arg_at_front = true;
 *     CQ_PUT_KEYS(command, NAME, 0);
 *     CQ_PUT_ARGS(command, NAME);
 *
 * A name that is missing or misspelt is undeclared, one that is there twice is declared twice, and one that
 * the script does not have is unused: none of these compiles. Nothing is copied or allocated on the way.
 */
#ifndef CQ_JOB_SCRIPT_CALL_H
#define CQ_JOB_SCRIPT_CALL_H

#include "job/keys.h"
#include "redis/command.h"

/* Begin the call. more: how many keys follow the named ones; put them right behind, before CQ_PUT_ARGS. */
#define CQ_PUT_KEYS(command, SCRIPT, more)                                                   \
    do {                                                                                     \
        cq_command_script((command), CQ_SCRIPT_##SCRIPT, CQ_##SCRIPT##_NKEYS + (int)(more)); \
        CQ_##SCRIPT##_KEYS(CQ_PUT_KEY, command)                                              \
    } while (0)

/* The named arguments. What the script takes behind them is put next, with cq_command_arg and friends. */
#define CQ_PUT_ARGS(command, SCRIPT)            \
    do {                                        \
        CQ_##SCRIPT##_ARGS(CQ_PUT_ARG, command) \
    } while (0)

/* Both, of a script that takes nothing else. */
#define CQ_PUT_CALL(command, SCRIPT)     \
    do {                                 \
        CQ_PUT_KEYS(command, SCRIPT, 0); \
        CQ_PUT_ARGS(command, SCRIPT);    \
    } while (0)

/* One of them: a key; a text or a number, by its type. */
#define CQ_PUT_KEY(command, key) cq_command_arg((command), cq_key_str(&(key)));
#define CQ_PUT_ARG(command, arg)       \
    _Generic((arg),                    \
        struct cq_str: cq_command_arg, \
        const char *: cq_command_text, \
        char *: cq_command_text,       \
        bool: cq_command_int,          \
        int: cq_command_int,           \
        int64_t: cq_command_int)((command), (arg));

#endif
