#include "config/nearest.h"

#include <ctype.h>
#include <string.h>

enum { WORD_MAX = 40 };

/* Like two letters in either case, and `-` like `_`: such a slip alone is no distance. */
static int folded(char c)
{
    return c == '-' ? '_' : tolower((unsigned char)c);
}

/* Letters to insert, remove or change, by the row of a table at a time. Both words are at most WORD_MAX long. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1], len = strlen(b);
    for (size_t j = 0; j <= len; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < len; j++) {
            size_t above = row[j + 1], best = diagonal + (folded(a[i]) != folded(b[j]));
            if (above + 1 < best)
                best = above + 1;
            if (row[j] + 1 < best)
                best = row[j] + 1;
            row[j + 1] = best;
            diagonal = above;
        }
    }
    return row[len];
}

const char *cq_nearest(const char *word, const char *const *words, size_t count)
{
    const char *nearest = NULL;
    size_t least = 0;
    if (strlen(word) > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i]) > WORD_MAX)
            continue;
        size_t d = distance(word, words[i]);
        if (d <= 1 + strlen(words[i]) / 4 && (!nearest || d < least)) {
            nearest = words[i];
            least = d;
        }
    }
    return nearest;
}
