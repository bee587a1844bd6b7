/* The table of sweeps read back: see spectra.h. */
#include "pipelines/lunar/spectra.h"

#include "base/sys.h"
#include "pipelines/opened.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[QN_SPECTRA_COLUMNS] = {
    [QN_SPECTRA_DAY] = "day",
    [QN_SPECTRA_FILE_SPEC_NO] = "file_spec_no",
    [QN_SPECTRA_TIME] = "time",
    [QN_SPECTRA_LAT] = "spacecraft_latitude",
    [QN_SPECTRA_LON] = "spacecraft_longitude",
    [QN_SPECTRA_FOOT_LAT] = "projection_latitude",
    [QN_SPECTRA_FOOT_LON] = "projection_longitude",
    [QN_SPECTRA_FOOT_IN_SUN] = "projection_in_sun",
    [QN_SPECTRA_TEMPERATURE] = "electron_temperature",
    [QN_SPECTRA_SPACECRAFT_V] = "spacecraft_potential",
    [QN_SPECTRA_SURFACE_V] = "projected_potential",
    [QN_SPECTRA_IDENTIFIABLE] = "identifiable",
    [QN_SPECTRA_USED_ROWS] = "used_rows",
};

struct table {
    struct qn_opened opened;
    struct qn_buf values;
    struct qn_buf valid;
};

static double number_at(enum pq_physical physical, const uint8_t *values, size_t i)
{
    int32_t small;
    int64_t large;
    double real;
    switch (physical) {
    case PQ_BOOLEAN:
        return values[i];
    case PQ_INT32:
        memcpy(&small, values + i * sizeof small, sizeof small);
        return small;
    case PQ_INT64:
        memcpy(&large, values + i * sizeof large, sizeof large);
        return (double)large;
    default:
        memcpy(&real, values + i * sizeof real, sizeof real);
        return real;
    }
}

static enum qn_status read_group(struct table *table, size_t group, size_t column, double *to,
                                 struct qn_error *err)
{
    enum pq_physical physical = qn_parquet_leaf(table->opened.file, column)->physical;
    size_t rows = (size_t)qn_parquet_group_rows(table->opened.file, group);
    qn_buf_clear(&table->values);
    qn_buf_clear(&table->valid);
    enum qn_status status = qn_parquet_read_column(table->opened.file, group, column,
                                                   &table->values, &table->valid, err);
    for (size_t i = 0; i < rows && !status; i++)
        to[i] = table->valid.data[i] ? number_at(physical, table->values.data, i) : NAN;
    return status;
}

static enum qn_status read_column(struct table *table, const char *name, double *to,
                                  struct qn_error *err)
{
    size_t column = 0;
    size_t at = 0;
    enum qn_status status = QN_OK;
    while (column < qn_parquet_columns(table->opened.file) &&
           strcmp(qn_parquet_column_name(table->opened.file, column), name) != 0)
        column++;
    bool sound = column < qn_parquet_columns(table->opened.file);
    if (sound) {
        enum pq_physical physical = qn_parquet_leaf(table->opened.file, column)->physical;
        sound = physical == PQ_BOOLEAN || physical == PQ_INT32 || physical == PQ_INT64 ||
                physical == PQ_DOUBLE;
    }
    if (!sound)
        return qn_fail_at(err, QN_ERR_CORRUPT, table->opened.path, -1,
                          "'%s' has no column '%s' of numbers. It was changed or is damaged.",
                          table->opened.path, name);
    for (size_t group = 0; group < qn_parquet_groups(table->opened.file) && !status; group++) {
        status = read_group(table, group, column, to + at, err);
        at += (size_t)qn_parquet_group_rows(table->opened.file, group);
    }
    return status;
}

enum qn_status qn_lunar_spectra_read(struct qn_lunar_spectra *spectra, const char *dataset,
                                     struct qn_error *err)
{
    struct table table = {0};
    *spectra = (struct qn_lunar_spectra){0};
    enum qn_status status = qn_opened_table(&table.opened, dataset, "spectra.parquet", err);
    if (!status)
        spectra->count = (size_t)qn_parquet_rows(table.opened.file);
    for (int i = 0; i < QN_SPECTRA_COLUMNS && !status; i++) {
        spectra->values[i] = qn_sys.calloc(spectra->count + 1, sizeof(double));
        status = spectra->values[i] ? read_column(&table, names[i], spectra->values[i], err)
                                    : qn_fail_memory(err, "the sweeps", spectra->count);
    }
    for (size_t i = 0; i < spectra->count && !status; i++)
        spectra->marked |= spectra->values[QN_SPECTRA_IDENTIFIABLE][i] > 0;
    qn_opened_close(&table.opened);
    qn_buf_release(&table.values);
    qn_buf_release(&table.valid);
    return status;
}

void qn_lunar_spectra_release(struct qn_lunar_spectra *spectra)
{
    for (int i = 0; i < QN_SPECTRA_COLUMNS; i++)
        free(spectra->values[i]);
    *spectra = (struct qn_lunar_spectra){0};
}
