#include "worker/runtimes/log_frame.h"

#include <string.h>

enum { LEVEL_SIZE = 16 }; /* bytes of a level's name, with the NUL */

void cq_log_frame_read(const struct cq_frame *frame, struct cq_log_frame *ret_line)
{
    char name[LEVEL_SIZE] = "";
    struct cq_str word = cq_frame_get_str(frame, "level");
    struct cq_str text = cq_frame_get_str(frame, "text");
    enum cq_log_level level = CQ_LOG_INFO;
    if (word.data && word.len < sizeof(name)) {
        memcpy(name, word.data, word.len);
        cq_log_parse_level(name, &level);
    }
    while (text.len && text.data[text.len - 1] == '\n')
        text.len--;
    *ret_line = (struct cq_log_frame){
        .level = level, .text = text, .kept = cq_frame_get_bool(frame, "kept", true)};
}
