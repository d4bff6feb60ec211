/* A setting's value: text checked by its type and bounds, and put into its field. */
#ifndef CQ_CONFIG_STORE_H
#define CQ_CONFIG_STORE_H

#include "base/error.h"
#include "base/strv.h"
#include "config/table.h"

struct cq_settings;

/*
 * Check value and put it into the setting's field of settings.
 *   where  starts the message
 * Errors: CQ_ERR_CONFIG; the field is untouched then.
 */
CQ_MUST_CHECK enum cq_code cq_setting_store(const struct cq_setting *setting, struct cq_settings *settings,
                                            const char *value, const char *where, struct cq_error *err);

/*
 * Dotted names with commas between them, as a setting of type NAMES is written; "" is none.
 *   parts  of each name, at least
 * Errors: CQ_ERR_CONFIG for an empty item or one that is not a dotted name; *ret_names is untouched then, and
 * else the caller's.
 */
CQ_MUST_CHECK enum cq_code cq_setting_names(const char *value, int parts, const char *where,
                                            struct cq_strv *ret_names, struct cq_error *err);

/* Free what the field owns; secrets are wiped. */
void cq_setting_release(const struct cq_setting *setting, struct cq_settings *settings);

#endif
