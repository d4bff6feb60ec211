/*
 * Which classes and functions a pickle names, without reading its values: what Python's Unpickler.find_class
 * would be asked for, in the same order, however the names were put together (memo, DUP, INST, old names of
 * Python 2 ...).
 *
 * The machine that reads pickles runs, so stack and memo are exact. It is stricter here, because what it
 * cannot follow could name anything: persistent ids, extension codes and out-of-band buffers are refused; a
 * state (BUILD) for a class or function, which would change it for all; and builtins.getattr, except where it
 * is called with a named class and a str, as pickles of enum members, nested classes and ZoneInfo do: then
 * the attribute counts as a name of its own.
 */
#ifndef CQ_SERIALIZERS_PICKLE_GLOBALS_H
#define CQ_SERIALIZERS_PICKLE_GLOBALS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"

enum {
    CQ_GLOBAL_NAME_MAX = 1000,  /* bytes of `module.name` */
    CQ_GLOBALS_MAX = 64 * 1024, /* names in one pickle; Python's pickler spells each class once */
};

struct cq_globals {
    /*
     * Called with each name as it comes, `module.name`; another answer than CQ_OK ends the reading.
     *   attribute  it was not named but taken from a named class by getattr
     */
    enum cq_code (*seen)(struct cq_globals *globals, struct cq_str name, bool attribute,
                         struct cq_error *err);
    size_t count; /* how many there were; starts as 0 */
};

enum cq_owner {
    CQ_OWNER_NONE,   /* None */
    CQ_OWNER_OBJECT, /* made by the class or function `owner_name` */
    CQ_OWNER_GLOBAL, /* the class or function `owner_name` itself */
    CQ_OWNER_DATA,   /* a container, a str, a number ... */
};

/* The top of a pickled call, a tuple (function, instance, args, kwargs). Texts are borrowed from the bytes or
 * the arena. */
struct cq_pickled_call {
    struct cq_str function; /* CQ_STR_NONE: this is not such a tuple */
    enum cq_owner owner;    /* what the instance is */
    struct cq_str owner_name;
};

/*
 * Walk through a pickle. ret_call: may be NULL.
 * Errors: CQ_ERR_DESERIALIZATION (not to be followed, or refused as above), CQ_ERR_LIMIT, and what
 * globals->seen answers.
 */
CQ_MUST_CHECK enum cq_code cq_pickle_globals(struct cq_str bytes, struct cq_globals *globals,
                                             struct cq_arena *arena, struct cq_pickled_call *ret_call,
                                             struct cq_error *err);

/* What follows is for the machine that reads pickles, and called by it alone. */
struct cq_pickle;
struct cq_pickle_container;
struct cq_value;

/* A global is named. *ret_slot: what it is on the stack. */
enum cq_code cq_pickle_watch_global(struct cq_pickle *pickle, struct cq_str module, struct cq_str name,
                                    struct cq_value *ret_slot);

/* Something is called. *ret_slot: what comes of it. */
enum cq_code cq_pickle_watch_call(struct cq_pickle *pickle, const struct cq_value *callable,
                                  const struct cq_pickle_container *args, struct cq_value *ret_slot);

#endif
