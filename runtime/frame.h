/*
 * Frames: what worker, stable and horse say to each other over Unix sockets. docs/RUNTIME.md is the
 * specification.
 *
 * A frame is a 32-bit big-endian length and a msgpack map with string keys; "type" says which. Both ends
 * check the length against a named limit before they allocate. Unknown keys are ignored, unknown types are an
 * error that names the type. File descriptors travel with SCM_RIGHTS on the frame's first byte.
 */
#ifndef CQ_RUNTIME_FRAME_H
#define CQ_RUNTIME_FRAME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

enum {
    CQ_FRAME_HEADER_SIZE = 4,             /* bytes of the length */
    CQ_FRAME_CONTROL_MAX = 64 * 1024,     /* stable <-> worker */
    CQ_FRAME_JOB_MAX = 513 * 1024 * 1024, /* job and done frames: a payload and its fields */
    CQ_FRAME_FDS_MAX = 3,
    CQ_FRAME_DEPTH_MAX = 8, /* containers inside each other; the frames of version 1 need 2 */
};

/* Writing: start, add pairs, end. The pair count is patched in at the end. */
struct cq_frame_writer {
    struct cq_buf *out; /* borrowed; the frame is appended to what it holds */
    size_t start;       /* where this frame begins in out */
    uint32_t pairs;     /* of the frame's own map */
    uint32_t inner;     /* pairs still to come of the map that cq_frame_add_map began */
};

void cq_frame_start(struct cq_frame_writer *writer, struct cq_buf *out, const char *type);
void cq_frame_add_str(struct cq_frame_writer *writer, const char *key,
                      struct cq_str text); /* msgpack str; NONE: skipped */
void cq_frame_add_bin(struct cq_frame_writer *writer, const char *key,
                      struct cq_str bytes); /* msgpack bin; NONE: skipped */
void cq_frame_add_int(struct cq_frame_writer *writer, const char *key, int64_t value);
void cq_frame_add_bool(struct cq_frame_writer *writer, const char *key, bool value);
/* A map of bin values follows under key: call cq_frame_add_pair (or _add_bin) pairs times afterwards. */
void cq_frame_add_map(struct cq_frame_writer *writer, const char *key, uint32_t pairs);
void cq_frame_add_pair(struct cq_frame_writer *writer, struct cq_str key,
                       struct cq_str bytes); /* NONE: written as empty */
/* Patch length and count. False: out's limit was reached, out holds what it held before the start. */
bool cq_frame_end(struct cq_frame_writer *writer);

/* A parsed frame. Everything is borrowed from the bytes given to cq_frame_parse. */
struct cq_frame {
    struct cq_str type;
    struct cq_str body; /* the msgpack map, for cq_frame_get_* */
};

/*
 * Is there a whole frame at the start of bytes?
 *   ret_size  bytes it takes, with its header; 0: not yet whole
 * Errors: CQ_ERR_LIMIT (length above limit), CQ_ERR_DESERIALIZATION (not a map, no type, keys not str,
 * trailing bytes).
 */
CQ_MUST_CHECK enum cq_code cq_frame_parse(struct cq_str bytes, size_t limit, struct cq_frame *ret_frame,
                                          size_t *ret_size, struct cq_error *err);

struct cq_str cq_frame_get_str(const struct cq_frame *frame,
                               const char *key); /* str or bin; else CQ_STR_NONE */
bool cq_frame_get_int(const struct cq_frame *frame, const char *key, int64_t *ret_value);
bool cq_frame_get_bool(const struct cq_frame *frame, const char *key, bool absent);
/* The text under name in the map under key, in one walk; CQ_STR_NONE: not there, or not a text. */
struct cq_str cq_frame_get_in(const struct cq_frame *frame, const char *key, const char *name);

/* For readers that take any frame: its pairs, one after the other. */
enum cq_frame_kind { CQ_FRAME_OTHER, CQ_FRAME_INT, CQ_FRAME_BOOL, CQ_FRAME_STR, CQ_FRAME_BIN, CQ_FRAME_MAP };

struct cq_frame_pair {
    struct cq_str key;       /* CQ_STR_NONE: not a text, as only an inner map may have it */
    enum cq_frame_kind kind; /* OTHER: nil, a float, an array, an extension, an integer beyond int64_t */
    int64_t number;          /* INT, BOOL */
    struct cq_str text;      /* STR, BIN; MAP: its msgpack bytes, for cq_frame_walk */
};

struct cq_frame_cursor {
    const unsigned char *at, *end;
    uint64_t left; /* pairs */
};

/* Stand before the first pair of a map: a frame's body, or the text of a pair that is a map. */
void cq_frame_walk(struct cq_frame_cursor *cursor, struct cq_str map);
/* False: there are no more. */
bool cq_frame_next(struct cq_frame_cursor *cursor, struct cq_frame_pair *ret_pair);

/*
 * Send the whole buffer with up to CQ_FRAME_FDS_MAX descriptors on its first byte, blocking. For stables and
 * horses. Errors: CQ_ERR_CONNECTION (the other end is gone), CQ_ERR_SYSTEM.
 */
CQ_MUST_CHECK enum cq_code cq_frame_send(int fd, struct cq_str bytes, const int *fds, int fd_count,
                                         struct cq_error *err);

/*
 * Receive once into buf (recvmsg, close-on-exec descriptors). Returns bytes read, 0 at end of file, -1 with
 * errno (EAGAIN on a non-blocking socket; EMSGSIZE when buf is at its limit). fds, fd_count  in: room; out:
 * received; surplus descriptors are closed. NULL, NULL: none are expected The kernel never joins two messages
 * that carry descriptors, so one call gives those of one frame at most: of the last frame that begins in what
 * was read.
 */
ssize_t cq_frame_receive(int fd, struct cq_buf *buf, int *fds, int *fd_count);

#endif
