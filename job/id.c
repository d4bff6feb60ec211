#include "job/id.h"

#include <ctype.h>
#include <uuid/uuid.h>

#include "job/keys.h"

bool cq_job_id_valid(struct cq_str id)
{
    if (id.len == 0 || id.len > CQ_NAME_MAX)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        unsigned char c = (unsigned char)id.data[i];
        if (c >= 0x80 || !(isalnum(c) || c == '_' || c == '-'))
            return false;
    }
    return true;
}

void cq_job_id_generate(char ret_id[CQ_UUID_SIZE])
{
    uuid_t uuid;
    uuid_generate_random(uuid);
    uuid_unparse_lower(uuid, ret_id);
}

void cq_execution_id_generate(char ret_id[CQ_EXECUTION_ID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uuid_t uuid;
    uuid_generate_random(uuid);
    for (size_t i = 0; i < sizeof(uuid); i++) {
        ret_id[2 * i] = digits[uuid[i] >> 4];
        ret_id[2 * i + 1] = digits[uuid[i] & 15];
    }
    ret_id[2 * sizeof(uuid)] = '\0';
}

void cq_execution_split(struct cq_str member, struct cq_str *ret_job_id, struct cq_str *ret_execution)
{
    const char *colon = member.len ? memrchr(member.data, ':', member.len) : NULL;
    if (!colon) {
        *ret_job_id = member;
        *ret_execution = CQ_STR_NONE;
        return;
    }
    size_t at = (size_t)(colon - member.data);
    *ret_job_id = cq_str_n(member.data, at);
    *ret_execution = cq_str_n(colon + 1, member.len - at - 1);
}
