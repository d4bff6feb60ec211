#include "cmd/line/exit.h"

enum cq_exit cq_exit_of(enum cq_code code)
{
    switch (code) {
    case CQ_OK: return CQ_EXIT_OK;
    case CQ_ERR_NO_SUCH_JOB:
    case CQ_ERR_DUPLICATE_JOB:
    case CQ_ERR_INVALID_OPERATION:
    case CQ_ERR_DESERIALIZATION:
    case CQ_ERR_SERIALIZATION:
    case CQ_ERR_LIMIT: return CQ_EXIT_FAILED;
    case CQ_ERR_REDIS:
    case CQ_ERR_CONNECTION: return CQ_EXIT_REDIS;
    case CQ_ERR_CONFIG: return CQ_EXIT_CONFIG;
    case CQ_ERR_USAGE: return CQ_EXIT_USAGE;
    case CQ_ERR_SYSTEM: return CQ_EXIT_SYSTEM;
    }
    return CQ_EXIT_INTERNAL;
}
