/* Rows of an earlier result: see previous.h. */
#include "pipelines/transit/previous.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define MOST_BYTES ((uint64_t)1 << 32)

static int column(const struct qn_delimited *table, const char *name)
{
    for (size_t c = 0; c < table->columns; c++)
        if (!strcmp(qn_delimited_name(table, c), name))
            return (int)c;
    return -1;
}

static const char *text_at(const struct qn_previous *p, size_t row, const char *name)
{
    int c = column(&p->table, name);
    return c < 0 ? "" : qn_delimited_cell(&p->table, row, (size_t)c);
}

enum qn_status qn_previous_open(struct qn_previous *p, const struct qn_options *options,
                                const struct qn_candidates *candidates, struct qn_error *err)
{
    char path[PATH_MAX];
    const char *retry = qn_option_string(options, "retry");
    const char *dataset = qn_option_string(options, "previous");
    if (!retry || strcmp(retry, "failed") != 0)
        return QN_OK;
    if (!dataset)
        return qn_fail(err, QN_ERR_USAGE,
                       "--retry failed takes over the good rows of an earlier result: name it with "
                       "--previous DATASET.");
    snprintf(path, sizeof path, "%s/features.csv", dataset);
    enum qn_status status = qn_delimited_read(&p->table, path, MOST_BYTES, err);
    if (status)
        return status;
    p->open = true;
    p->status = column(&p->table, "status");
    p->target = column(&p->table, "target");
    p->period = column(&p->table, "input_period");
    if (p->status < 0 || p->target < 0 || p->period < 0 || p->table.rows != candidates->count)
        return qn_fail(
            err, QN_ERR_USAGE,
            "'%s' has %zu rows, the table of candidates %zu: it is the result of another "
            "table. Leave --retry out.",
            dataset, p->table.rows, candidates->count);
    return QN_OK;
}

void qn_previous_close(struct qn_previous *p)
{
    if (p->open)
        qn_delimited_release(&p->table);
    p->open = false;
}

static enum qn_lc_scale scale_named(const char *name)
{
    int scale = 0;
    while (scale < QN_LC_SCALES - 1 && strcmp(name, qn_scale_name((enum qn_lc_scale)scale)) != 0)
        scale++;
    return strcmp(name, qn_scale_name((enum qn_lc_scale)scale)) ? QN_LC_DAYS
                                                                : (enum qn_lc_scale)scale;
}

static void take_row(struct qn_previous *p, size_t at, uint64_t index)
{
    struct qn_row *row = &p->row;
    qn_row_clear(row);
    row->index = index;
    row->scale = scale_named(text_at(p, at, "time_scale"));
    row->synthetic = !strcmp(text_at(p, at, "synthetic"), "true");
    snprintf(row->product, sizeof row->product, "%s", text_at(p, at, "product"));
    snprintf(row->files, sizeof row->files, "%s", text_at(p, at, "files"));
    snprintf(row->reason, sizeof row->reason, "%s", text_at(p, at, "reason"));
    for (size_t i = 0; i < qn_feature_count; i++) {
        double *value = qn_feature_of(&row->features, i);
        if (!qn_delimited_number(text_at(p, at, qn_feature_table[i].name), value))
            *value = NAN;
    }
}

const struct qn_row *qn_previous_find(struct qn_previous *p, const struct qn_candidate *candidate)
{
    char star[QN_TARGET_NAME];
    double period;
    size_t at = (size_t)candidate->row;
    if (!p->open || at >= p->table.rows ||
        strcmp(qn_delimited_cell(&p->table, at, (size_t)p->status), "ok") != 0)
        return NULL;
    qn_target_text(&candidate->target, star);
    if (strcmp(qn_delimited_cell(&p->table, at, (size_t)p->target), star) != 0 ||
        !qn_delimited_number(qn_delimited_cell(&p->table, at, (size_t)p->period), &period) ||
        period != candidate->period)
        return NULL;
    take_row(p, at, candidate->row);
    return &p->row;
}
