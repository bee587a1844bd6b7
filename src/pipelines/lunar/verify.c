/* Verifying a map beyond the manifest's hashes: tables whose pages hold together, rows that add up
 * from table to table, and arrays of the NumPy archive that are whole and as long as they say. */
#include "base/io.h"
#include "base/sys.h"
#include "format/zip.h"
#include "pipelines/lunar/arrays.h"
#include "pipelines/opened.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 16 };

struct opened {
    char path[PATH_MAX];
    int fd;
    uint64_t size;
};

struct counts { /* what the manifest says */
    uint64_t sweeps;
    uint64_t rows;
    uint64_t files;
    uint64_t strays;
    uint64_t npz_sweeps;
    uint64_t npz_rows;
};

static enum qn_status open_file(struct qn_verify *verify, const char *name, struct opened *file,
                                struct qn_error *err)
{
    struct stat st;
    snprintf(file->path, sizeof file->path, "%s/%s", qn_verify_job(verify)->directory, name);
    enum qn_status status = qn_open_read(file->path, &file->fd, err);
    if (!status)
        file->size = qn_sys.fstat(file->fd, &st) < 0 ? 0 : (uint64_t)st.st_size;
    return status;
}

static enum qn_status read_at(void *context, uint64_t offset, void *bytes, size_t len,
                              struct qn_error *err)
{
    struct opened *file = context;
    return qn_read_at(file->fd, file->path, bytes, len, offset, err);
}

static struct counts counts_of(struct qn_verify *verify)
{
    const char *text = qn_verify_fact(verify, "counts");
    json_t *fact = text ? json_loads(text, 0, NULL) : NULL;
    struct counts counts = {
        .sweeps = (uint64_t)json_integer_value(json_object_get(fact, "sweeps")),
        .rows = (uint64_t)json_integer_value(json_object_get(fact, "rows")),
        .files = (uint64_t)json_integer_value(json_object_get(fact, "files")),
        .strays = (uint64_t)json_integer_value(json_object_get(fact, "rejected_lines")),
        .npz_sweeps = (uint64_t)json_integer_value(json_object_get(fact, "npz_sweeps")),
        .npz_rows = (uint64_t)json_integer_value(json_object_get(fact, "npz_rows")),
    };
    json_decref(fact);
    return counts;
}

/* ---- arrays --------------------------------------------------------------------------------- */

static uint64_t bytes_of(const struct qn_npz_column *column)
{
    if (!strcmp(column->type, QN_NPY_TEXT64))
        return QN_NPY_TEXT64_BYTES;
    return (uint64_t)(column->type[2] - '0');
}

/* Unpacks a member to its end: the zip reader checks length and CRC. */
static enum qn_status check_member(const struct qn_zip *zip, size_t i, uint64_t wanted,
                                   uint8_t *block, struct qn_error *err)
{
    struct qn_zip_member *member;
    const struct qn_zip_entry *entry = qn_zip_at(zip, i);
    size_t got = 1;
    enum qn_status status = qn_zip_member_open(&member, zip, i, UINT64_MAX, err);
    if (status)
        return status;
    while (!status && got > 0)
        status = qn_zip_member_read(member, block, BLOCK, &got, err);
    qn_zip_member_close(member);
    uint64_t header = entry->size - wanted;
    if (!status && (entry->size < wanted || header < 64 || header > 4096))
        status = qn_fail(err, QN_ERR_CORRUPT, "%s has %llu bytes, its values alone need %llu",
                         entry->name, (unsigned long long)entry->size, (unsigned long long)wanted);
    return status;
}

static enum qn_status check_members(struct qn_verify *verify, const struct qn_zip *zip,
                                    const struct counts *counts, uint8_t *block,
                                    struct qn_error *err)
{
    enum qn_status status = QN_OK;
    if (qn_zip_count(zip) != QN_NPZ_COLUMNS)
        return qn_fail(err, QN_ERR_CORRUPT, "%zu arrays instead of %d", qn_zip_count(zip),
                       QN_NPZ_COLUMNS);
    for (size_t i = 0; i < QN_NPZ_COLUMNS && !status; i++) {
        const struct qn_npz_column *column = &qn_npz_columns[i];
        uint64_t elements = column->of == QN_OF_ROW ? counts->npz_rows : counts->npz_sweeps;
        const char *name = qn_zip_at(zip, i)->name;
        size_t len = strlen(column->name);
        if (strncmp(name, column->name, len) != 0 || strcmp(name + len, ".npy") != 0)
            status = qn_fail(err, QN_ERR_CORRUPT, "array %zu is %s instead of %s", i, name,
                             column->name);
        else
            status = check_member(zip, i, elements * bytes_of(column), block, err);
        qn_verify_progress(verify, i + 1, QN_NPZ_COLUMNS);
    }
    return status;
}

static enum qn_status check_arrays(struct qn_verify *verify, const char *name,
                                   const struct counts *counts, struct qn_error *err)
{
    struct opened file = {.fd = -1};
    struct qn_error cause;
    struct qn_zip *zip = NULL;
    uint8_t *block = qn_sys.malloc(BLOCK);
    if (!block)
        return qn_fail_memory(err, "a block", BLOCK);
    enum qn_status status = open_file(verify, name, &file, err);
    if (!status) {
        struct qn_zip_source source = {&file, file.size, read_at, file.path};
        if (qn_zip_open(&zip, &source, &cause) || check_members(verify, zip, counts, block, &cause))
            qn_verify_finding(verify, name, cause.offset, "%s", cause.message);
        else
            qn_verify_note(verify, "%s: %d arrays of %llu rows and %llu sweeps", name,
                           QN_NPZ_COLUMNS, (unsigned long long)counts->npz_rows,
                           (unsigned long long)counts->npz_sweeps);
        qn_zip_close(zip);
        qn_sys.close(file.fd);
    }
    free(block);
    return status;
}

enum qn_status qn_lunar_verify(struct qn_verify *verify, struct qn_error *err)
{
    struct qn_lunar_settings settings;
    struct counts counts = counts_of(verify);
    char name[QN_LUNAR_NPZ_NAME];
    enum qn_status status = qn_lunar_settings_parse(&settings, qn_verify_job(verify)->options, err);
    if (!status)
        status = qn_verify_table(verify, "spectra.parquet", counts.sweeps, err);
    if (!status)
        status = qn_verify_table(verify, "rows.parquet", counts.rows, err);
    if (!status)
        status = qn_verify_table(verify, "files.parquet", counts.files, err);
    if (!status)
        status = qn_verify_table(verify, "rejects.parquet", counts.strays, err);
    if (status)
        return status;
    qn_lunar_npz_name(&settings.period, name);
    return check_arrays(verify, name, &counts, err);
}
