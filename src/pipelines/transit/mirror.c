/* The index of a local mirror: see mirror.h. Files are found by mirror_walk.c and told apart by
 * mirror_tell.c. */
#include "pipelines/transit/mirror.h"

#include "pipelines/transit/mirror_walk.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- order ---------------------------------------------------------------------------------- */

static int by_star(const struct qn_target *a, const struct qn_target *b)
{
    if (a->catalogue != b->catalogue)
        return a->catalogue < b->catalogue ? -1 : 1;
    if (a->catalogue != QN_NO_CATALOGUE)
        return a->number < b->number ? -1 : a->number > b->number;
    return strcasecmp(a->name, b->name);
}

static int by_star_and_sector(const void *a, const void *b, void *texts)
{
    const struct qn_mirror_file *x = a;
    const struct qn_mirror_file *y = b;
    int order = by_star(&x->target, &y->target);
    if (order != 0)
        return order;
    if (x->mission != y->mission)
        return x->mission < y->mission ? -1 : 1;
    if (x->sector != y->sector)
        return x->sector < y->sector ? -1 : 1;
    return strcmp((const char *)texts + x->path, (const char *)texts + y->path);
}

const struct qn_mirror_file *qn_mirror_files(const struct qn_mirror *mirror)
{
    return (const struct qn_mirror_file *)(const void *)mirror->files.data;
}

const char *qn_mirror_path(const struct qn_mirror *mirror, const struct qn_mirror_file *file)
{
    return (const char *)mirror->texts.data + file->path;
}

void qn_mirror_release(struct qn_mirror *mirror)
{
    qn_buf_release(&mirror->files);
    qn_buf_release(&mirror->texts);
}

enum qn_status qn_mirror_index(struct qn_mirror *mirror, const char *folder,
                               const struct qn_mirror_search *search, struct qn_error *err)
{
    enum qn_status status = qn_mirror_walk(mirror, folder, search, err);
    if (!status && mirror->count > 0)
        qsort_r(mirror->files.data, mirror->count, sizeof(struct qn_mirror_file),
                by_star_and_sector, mirror->texts.data);
    return status;
}

/* ---- choosing ------------------------------------------------------------------------------- */

static size_t first_of(const struct qn_mirror *mirror, const struct qn_target *target)
{
    const struct qn_mirror_file *files = qn_mirror_files(mirror);
    size_t low = 0;
    size_t high = mirror->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_star(&files[middle].target, target) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Lower is better; above 999: not at all. */
static unsigned rank(const struct qn_mirror_file *file, const struct qn_mirror_choice *choice)
{
    if (file->other || (file->cadence == QN_CADENCE_FAST && !choice->fast))
        return 1000;
    if (choice->author_rank[file->author] == 255)
        return 1000;
    enum qn_cadence wanted = choice->fast ? QN_CADENCE_FAST : choice->cadence;
    /* Kepler's long cadence is the usual one, TESS's is that of full frames. */
    if (!choice->fast && file->mission != 'T' && choice->cadence == QN_CADENCE_SHORT)
        wanted = QN_CADENCE_LONG;
    return choice->author_rank[file->author] * 10u + (file->cadence == wanted ? 0 : 1);
}

size_t qn_mirror_choose(const struct qn_mirror *mirror, const struct qn_target *target,
                        const struct qn_mirror_choice *choice, struct qn_buf *chosen)
{
    const struct qn_mirror_file *files = qn_mirror_files(mirror);
    size_t count = 0;
    size_t i = first_of(mirror, target);
    while (i < mirror->count && by_star(&files[i].target, target) == 0) {
        size_t best = i;
        size_t end = i + 1;
        while (end < mirror->count && by_star(&files[end].target, target) == 0 &&
               files[i].sector >= 0 && files[end].sector == files[i].sector &&
               files[end].mission == files[i].mission) {
            if (rank(&files[end], choice) < rank(&files[best], choice))
                best = end;
            end++;
        }
        if (rank(&files[best], choice) < 1000) {
            qn_buf_append(chosen, &best, sizeof best);
            count++;
        }
        i = end;
    }
    return count;
}
