/* A file as a whole, and the order of its rows: see check.h. */
#include "pipelines/parquet/check.h"

#include "base/sys.h"
#include "format/parquet/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_KEYS 16u

void qn_check_release(struct qn_check *check)
{
    qn_buf_release(&check->findings);
}

static struct qn_finding about_file(const struct qn_check *check)
{
    return (struct qn_finding){
        .file = check->file, .group = -1, .page = -1, .offset = -1, .row = -1, .count = 1};
}

/* ---- places --------------------------------------------------------------------------------- */

struct extent {
    uint64_t start, end;
    size_t group, leaf;
};

static int by_start(const void *a, const void *b)
{
    const struct extent *x = a, *y = b;
    return x->start != y->start ? (x->start > y->start) - (x->start < y->start)
                                : (x->end > y->end) - (x->end < y->end);
}

static enum qn_status list_extents(const struct qn_check *check, struct qn_buf *list,
                                   struct qn_error *err)
{
    const struct qn_parquet_file *file = check->opened->file;
    for (size_t g = 0; g < qn_parquet_groups(file); g++) {
        for (size_t leaf = 0; leaf < qn_parquet_leaf_count(file); leaf++) {
            struct qn_parquet_chunk chunk;
            if (qn_parquet_chunk(file, g, leaf, &chunk, NULL) || chunk.values <= 0 ||
                chunk.encrypted || chunk.elsewhere)
                continue;
            int64_t start = qn_parquet_chunk_start(&chunk);
            if (start < 0 || chunk.stored_bytes < 0 || start > INT64_MAX - chunk.stored_bytes)
                continue; /* told when the column is checked */
            struct extent extent = {(uint64_t)start, (uint64_t)(start + chunk.stored_bytes), g,
                                    leaf};
            qn_buf_append(list, &extent, sizeof extent);
        }
    }
    return list->failed ? qn_fail_memory(err, "the places of columns", list->len) : QN_OK;
}

static void tell_overlap(struct qn_check *check, const struct extent *extent, const char *what)
{
    struct qn_finding finding = about_file(check);
    finding.group = (int64_t)extent->group;
    finding.offset = (int64_t)extent->start;
    qn_parquet_leaf_path(check->opened->file, extent->leaf, finding.column, sizeof finding.column);
    qn_finding_set(&finding, QN_FIND_OVERLAP,
                   "the column's bytes %" PRIu64 " to %" PRIu64 " reach into %s", extent->start,
                   extent->end, what);
    qn_check_tell(check, &finding);
}

static enum qn_status check_overlaps(struct qn_check *check, struct qn_error *err)
{
    struct qn_buf list = {0};
    uint64_t footer = qn_parquet_about(check->opened->file).footer_at;
    enum qn_status status = list_extents(check, &list, err);
    struct extent *extents = (struct extent *)(void *)list.data;
    size_t count = list.len / sizeof *extents;
    if (!status && count > 0)
        qsort(extents, count, sizeof *extents, by_start);
    for (size_t i = 0; !status && i < count; i++) {
        if (extents[i].end > footer)
            tell_overlap(check, &extents[i], "the footer");
        else if (i + 1 < count && extents[i].end > extents[i + 1].start)
            tell_overlap(check, &extents[i], "the next column");
    }
    qn_buf_release(&list);
    return status;
}

enum qn_status qn_check_file(struct qn_check *check, struct qn_error *err)
{
    const struct qn_parquet_file *file = check->opened->file;
    uint64_t rows = qn_parquet_rows(file), sum = 0;
    memset(check->seen, 0, sizeof check->seen);
    for (size_t g = 0; g < qn_parquet_groups(file); g++)
        sum += qn_parquet_group_rows(file, g);
    if (sum != rows) {
        struct qn_finding finding = about_file(check);
        finding.offset = (int64_t)qn_parquet_about(file).footer_at;
        qn_finding_set(&finding, QN_FIND_ROW_COUNT,
                       "the footer counts %" PRIu64 " rows, its row groups %" PRIu64, rows, sum);
        qn_check_tell(check, &finding);
    }
    return check_overlaps(check, err);
}

/* ---- order ---------------------------------------------------------------------------------- */

struct key { /* one column of a declared order */
    const struct qn_parquet_node *leaf;
    struct qn_parquet_sorting sorting;
    struct qn_buf last; /* the row before */
    bool last_null;
};

/* Whether the next value may follow: negative no, 0 equal, positive yes and that settles it. */
static int follows(struct key *key, const uint8_t *bytes, size_t len)
{
    if (key->last_null || !bytes) {
        if (key->last_null == !bytes)
            return 0;
        return key->last_null == key->sorting.nulls_first ? 1 : -1;
    }
    int order =
        qn_parquet_compare(qn_parquet_order(key->leaf), key->last.data, key->last.len, bytes, len);
    return key->sorting.descending ? order : -order;
}

static void remember(struct key *key, const uint8_t *bytes, size_t len)
{
    key->last_null = !bytes;
    qn_buf_clear(&key->last);
    qn_buf_append(&key->last, bytes, bytes ? len : 0);
    qn_buf_reserve(&key->last, 1);
}

static enum qn_status check_rows(struct qn_check *check, struct qn_parquet_records *records,
                                 struct key *keys, size_t count, uint64_t rows,
                                 struct qn_finding *where, struct qn_error *err)
{
    uint64_t first = (uint64_t)where->row;
    for (uint64_t row = 0; row < rows; row++) {
        int order = row == 0;
        for (size_t k = 0; k < count; k++) {
            const uint8_t *bytes;
            size_t len;
            enum qn_status status = qn_parquet_records_value(records, k, &bytes, &len, err);
            if (status)
                return status;
            order = order ? order : follows(&keys[k], bytes, len);
            remember(&keys[k], bytes, len);
        }
        if (order >= 0)
            continue;
        where->row = (int64_t)(first + row);
        qn_finding_set(where, QN_FIND_SORT_ORDER,
                       "the rows are declared sorted; row %" PRIu64
                       " comes before the one ahead of it",
                       first + row);
        qn_check_tell(check, where);
    }
    return QN_OK;
}

/* The declared columns as top-level ones; 0 if one of them cannot be followed. */
static size_t find_keys(const struct qn_check *check, size_t group, struct key *keys,
                        uint32_t *columns, struct qn_finding *where)
{
    const struct qn_parquet_file *file = check->opened->file;
    struct qn_parquet_sorting sorting[MAX_KEYS];
    size_t count = qn_parquet_group_sorting(file, group, sorting, MAX_KEYS);
    for (size_t k = 0; k < count; k++) {
        bool known = sorting[k].leaf >= 0 && (size_t)sorting[k].leaf < qn_parquet_leaf_count(file);
        if (!known) {
            qn_finding_set(where, QN_FIND_SORT_ORDER,
                           "the rows are declared sorted by column %d, which does not exist",
                           (int)sorting[k].leaf);
            return 0;
        }
        const struct qn_parquet_node *leaf = qn_parquet_leaf(file, (size_t)sorting[k].leaf);
        keys[k] = (struct key){.leaf = leaf, .sorting = sorting[k]};
        columns[k] = (uint32_t)(leaf - qn_parquet_node(file, 0));
        bool twice = false;
        for (size_t j = 0; j < k; j++)
            twice |= columns[j] == columns[k];
        if (leaf->parent != 0 || leaf->max_rep > 0 || twice ||
            qn_parquet_order(leaf) == QN_PQ_ORDER_NONE) {
            qn_finding_set(where, QN_FIND_NOT_READ,
                           "the declared order by column %d is not checked", (int)sorting[k].leaf);
            return 0;
        }
    }
    return count;
}

enum qn_status qn_check_order(struct qn_check *check, size_t group, uint64_t first_row,
                              struct qn_error *err)
{
    struct key keys[MAX_KEYS];
    uint32_t columns[MAX_KEYS];
    struct qn_finding where = about_file(check);
    struct qn_error cause = {.offset = -1};
    struct qn_parquet_records *records = NULL;
    where.group = (int64_t)group;
    memset(check->seen, 0, sizeof check->seen);
    size_t count = find_keys(check, group, keys, columns, &where);
    if (count == 0) {
        if (where.message[0])
            qn_check_tell(check, &where);
        return QN_OK;
    }
    where.row = (int64_t)first_row;
    snprintf(where.column, sizeof where.column, "%s", keys[0].leaf->name);
    enum qn_status status =
        qn_parquet_records_open(&records, check->opened->file, group, columns, count, &cause);
    if (!status)
        status = check_rows(check, records, keys, count,
                            qn_parquet_group_rows(check->opened->file, group), &where, &cause);
    qn_parquet_records_close(records);
    for (size_t k = 0; k < count; k++)
        qn_buf_release(&keys[k].last);
    if (!qn_check_is_finding(status) && status && err)
        *err = cause;
    return qn_check_is_finding(status) ? QN_OK : status; /* damage is told with its column */
}
