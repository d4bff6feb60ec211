/* Ids of jobs and executions: generated, checked, and taken apart. */
#ifndef CQ_JOB_ID_H
#define CQ_JOB_ID_H

#include <stdbool.h>
#include "base/str.h"

/* Ids that RQ accepts: letters, digits, `_`, `-`, 1 to CQ_NAME_MAX bytes. For ids that cq creates; read
 * any. */
bool cq_job_id_valid(struct cq_str id);

enum { CQ_UUID_SIZE = 37, CQ_EXECUTION_ID_SIZE = 33 };
void cq_job_id_generate(char ret_id[CQ_UUID_SIZE]);               /* lower-case UUID4 with dashes */
void cq_execution_id_generate(char ret_id[CQ_EXECUTION_ID_SIZE]); /* UUID4 as 32 hex digits */

/* Split `<job id>:<execution id>` of rq:wip at the last colon; without one, all is the id (RQ 1.x) and
 * execution is CQ_STR_NONE. */
void cq_execution_split(struct cq_str member, struct cq_str *ret_job_id, struct cq_str *ret_execution);

#endif
