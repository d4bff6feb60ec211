/* Names that changed from Python 2 to Python 3. */
#ifndef CQ_SERIALIZERS_PICKLE_RENAMED_H
#define CQ_SERIALIZERS_PICKLE_RENAMED_H

#include "base/str.h"

/* What Python 3 takes a global of protocols 0 to 2 for, when it bears a name of Python 2; else nothing
 * changes. */
void cq_pickle_renamed(struct cq_str *module, struct cq_str *name);

#endif
