#include "cmd/suggest.h"

#include <stdint.h>
#include <string.h>

enum { WORD_MAX = 63 };

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Optimal string alignment: three rows of the table are enough, a swap of neighbours looks two rows back. */
size_t cq_suggest_distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1];
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > WORD_MAX || b_len > WORD_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two_above[j - 2] + 1 < row[j])
                row[j] = two_above[j - 2] + 1;
        }
    }
    return rows[a_len % 3][b_len];
}

void cq_suggest_init(struct cq_suggest *suggest, const char *typed)
{
    *suggest = (struct cq_suggest){.typed = typed, .word = NULL, .distance = SIZE_MAX};
}

void cq_suggest_offer(struct cq_suggest *suggest, const char *word)
{
    size_t typed_len = strlen(suggest->typed), word_len = strlen(word);
    size_t distance = cq_suggest_distance(suggest->typed, word);
    /* A third of the word may be wrong, one letter always; a start of the word of three letters or more is near too. */
    size_t longest = typed_len > word_len ? typed_len : word_len;
    size_t allowed = longest / 3 ? longest / 3 : 1;
    if (typed_len >= 3 && typed_len < word_len && memcmp(suggest->typed, word, typed_len) == 0)
        distance = 1;
    if (distance <= allowed && distance < longest && distance < suggest->distance) {
        suggest->distance = distance;
        suggest->word = word;
    }
}
