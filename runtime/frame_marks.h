/* msgpack's one-byte markers, named as its specification names the formats. For frame.c and frame_write.c. */
#ifndef CQ_RUNTIME_FRAME_MARKS_H
#define CQ_RUNTIME_FRAME_MARKS_H

enum {
    MARK_NIL = 0xc0,
    MARK_NEVER_USED = 0xc1,
    MARK_FALSE = 0xc2,
    MARK_TRUE = 0xc3,
    MARK_BIN8 = 0xc4,
    MARK_BIN32 = 0xc6,
    MARK_EXT8 = 0xc7,
    MARK_EXT32 = 0xc9,
    MARK_FLOAT32 = 0xca,
    MARK_FLOAT64 = 0xcb,
    MARK_UINT8 = 0xcc,
    MARK_UINT64 = 0xcf,
    MARK_INT8 = 0xd0,
    MARK_INT64 = 0xd3,
    MARK_FIXEXT1 = 0xd4,
    MARK_FIXEXT16 = 0xd8,
    MARK_STR8 = 0xd9,
    MARK_STR32 = 0xdb,
    MARK_ARRAY16 = 0xdc,
    MARK_ARRAY32 = 0xdd,
    MARK_MAP16 = 0xde,
    MARK_MAP32 = 0xdf,
};

#endif
