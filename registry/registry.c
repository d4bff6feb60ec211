#include "registry/registry.h"

#include "job/keys.h"

/* The word in the key, and the word for people. */
static const struct {
    const char *key_word;
    const char *name;
} kinds[CQ_REGISTRY_COUNT_OF] = {
    [CQ_REGISTRY_STARTED] = {"wip", "started"},           [CQ_REGISTRY_FINISHED] = {"finished", "finished"},
    [CQ_REGISTRY_FAILED] = {"failed", "failed"},          [CQ_REGISTRY_DEFERRED] = {"deferred", "deferred"},
    [CQ_REGISTRY_SCHEDULED] = {"scheduled", "scheduled"}, [CQ_REGISTRY_CANCELED] = {"canceled", "canceled"},
};

const char *cq_registry_key_word(enum cq_registry_kind kind)
{
    return kinds[kind].key_word;
}

const char *cq_registry_name(enum cq_registry_kind kind)
{
    return kinds[kind].name;
}

void cq_registry_count_build(enum cq_registry_kind kind, struct cq_str queue, struct cq_command *command)
{
    struct cq_key key = cq_key_registry(kinds[kind].key_word, queue);
    cq_command_clear(command);
    cq_command_text(command, "ZCARD");
    cq_command_arg(command, cq_key_str(&key));
}
