#include "config/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { WORD_MAX = 40 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Like two letters in either case, and `-` like `_`: such a slip alone counts as no distance. */
static int folded(char c)
{
    return c == '-' ? '_' : tolower((unsigned char)c);
}

/*
 * Letters to insert, remove, change, or swap with the next, by the row of a table at a time: two letters
 * swapped are the commonest slip, and count as one. Both words are at most WORD_MAX long.
 */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1], len = strlen(b);
    size_t *before = rows[0], *above = rows[1],
           *row = rows[2]; /* of a's letter but one, of the letter before, of this one */
    for (size_t j = 0; j <= len; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
        row[0] = i + 1;
        for (size_t j = 0; j < len; j++) {
            bool swapped = i > 0 && j > 0 && folded(a[i]) == folded(b[j - 1]) &&
                           folded(a[i - 1]) == folded(b[j]);
            size_t best = least(above[j] + (folded(a[i]) != folded(b[j])), least(above[j + 1], row[j]) + 1);
            row[j + 1] = swapped ? least(best, before[j - 1] + 1) : best;
        }
    }
    return row[len];
}

const char *cq_nearest(const char *word, const char *const *words, size_t count)
{
    const char *nearest = NULL;
    size_t shortest = 0;
    if (strlen(word) > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i]) > WORD_MAX)
            continue;
        size_t d = distance(word, words[i]);
        if (d <= 1 + strlen(words[i]) / 4 && (!nearest || d < shortest)) {
            nearest = words[i];
            shortest = d;
        }
    }
    return nearest;
}
