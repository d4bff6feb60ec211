/* msgpack from anybody: never a crash, a hang or a wild allocation, and what is read survives being
 * written. */
#include "tests/fuzz/roundtrip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_bytes(CQ_FORMAT_MSGPACK, data, size);
    return 0;
}
