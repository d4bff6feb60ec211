/* Compiler attributes used by every folder. */
#ifndef CQ_BASE_ATTR_H
#define CQ_BASE_ATTR_H

#define CQ_MUST_CHECK __attribute__((warn_unused_result))
#define CQ_PRINTF(format_index, first_arg) __attribute__((format(printf, format_index, first_arg)))
#define CQ_NORETURN __attribute__((noreturn))
#define CQ_UNUSED __attribute__((unused))

#define CQ_ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#endif
