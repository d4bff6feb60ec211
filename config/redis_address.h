/* Where Redis is, out of all that the settings say about it. */
#ifndef CQ_CONFIG_REDIS_ADDRESS_H
#define CQ_CONFIG_REDIS_ADDRESS_H

#include "config/settings.h"
#include "redis/address.h"

/*
 * A place (url, socket, host) from the command line replaces one from the environment, and that
 * one from the file; of one source url counts before socket before host, as in RQ. db, username, password,
 * port and the timeouts from a heavier source than the URL's are put into it. ret_address  needs no init;
 * release it Errors: CQ_ERR_CONFIG.
 */
CQ_MUST_CHECK enum cq_code cq_settings_address(const struct cq_settings *settings,
                                               struct cq_address *ret_address, struct cq_error *err);

#endif
