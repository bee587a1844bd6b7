/* From options and a file's outline to an import: the layout, the columns, the key, the store's
 * grid and packing. See import.h; the only place where options of `import` are read. */
#include "base/io.h"
#include "base/nearest.h"
#include "base/sys.h"
#include "pipelines/segy/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES       (3u << 19) /* 1.5 MiB: a chunk and its packed form fit a core's cache */
#define LOOSE_CHUNK_BYTES (8u << 20) /* of a chunk that is a file of its own */
#define MAX_CHUNK_BYTES   (1u << 29) /* what the codecs and a worker's memory allow */
#define MAX_CHUNK_TRACES  16384u     /* bounds what short traces bring along in headers */
#define SHARD_CHUNKS      32u
#define MAX_SEGMENTS      400u
#define MAX_MAPPING_BYTES (16u << 20)

/* ---- the grid ------------------------------------------------------------------------------- */

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

/* The largest power of two of traces that fits into `bytes`, at least one trace. */
static uint64_t default_chunk(uint64_t bytes, uint64_t trace_bytes, uint64_t traces)
{
    uint64_t chunk = 1;
    while (chunk < MAX_CHUNK_TRACES && 2 * chunk * trace_bytes <= bytes)
        chunk *= 2;
    return smaller(chunk, traces);
}

enum qn_status qn_import_grid(uint64_t traces, uint64_t trace_bytes, bool sharded,
                              const struct qn_store_grid *wanted, struct qn_store_grid *grid,
                              struct qn_error *err)
{
    uint64_t target = sharded ? CHUNK_BYTES : LOOSE_CHUNK_BYTES;
    uint64_t chunk = wanted->chunk_traces;
    uint64_t shard = wanted->shard_traces;
    if (chunk == 0)
        chunk = default_chunk(target, trace_bytes, shard ? smaller(shard, traces) : traces);
    if (chunk > MAX_CHUNK_BYTES / trace_bytes)
        return qn_fail(err, QN_ERR_USAGE,
                       "a chunk of %llu traces would take more than %u MiB of memory. Give a "
                       "smaller --chunk-traces.",
                       (unsigned long long)chunk, MAX_CHUNK_BYTES >> 20);
    if (shard == 0)
        shard = sharded ? chunk * smaller(SHARD_CHUNKS, divide_up(traces, chunk)) : chunk;
    if (shard % chunk != 0)
        return qn_fail(err, QN_ERR_USAGE,
                       "--shard-traces %llu is no multiple of the %llu traces of a chunk. Give "
                       "--chunk-traces too, so that whole chunks fill a shard.",
                       (unsigned long long)shard, (unsigned long long)chunk);
    uint64_t segment = wanted->segment_traces;
    if (segment == 0)
        segment = shard * divide_up(divide_up(traces, shard), MAX_SEGMENTS);
    *grid = (struct qn_store_grid){chunk, shard, segment};
    return QN_OK;
}

/* A count option, 0 when it is not given. */
static enum qn_status count_option(const struct qn_options *options, const char *name,
                                   int64_t least, int64_t most, uint64_t *value,
                                   struct qn_error *err)
{
    *value = 0;
    if (!qn_option_given(options, name))
        return QN_OK;
    int64_t given = qn_option_int(options, name);
    if (given < least || given > most)
        return qn_fail(err, QN_ERR_USAGE, "--%s %lld is out of range: %lld to %lld.", name,
                       (long long)given, (long long)least, (long long)most);
    *value = (uint64_t)given;
    return QN_OK;
}

static enum qn_status decide_grid(const struct qn_options *options, struct qn_import *import,
                                  struct qn_error *err)
{
    const int64_t most = INT64_C(1) << 40;
    struct qn_store_grid wanted;
    enum qn_status status =
        count_option(options, "chunk-traces", 1, most, &wanted.chunk_traces, err);
    if (!status)
        status = count_option(options, "shard-traces", 1, most, &wanted.shard_traces, err);
    if (!status)
        status = count_option(options, "segment-traces", 1, most, &wanted.segment_traces, err);
    if (status)
        return status;
    if (wanted.shard_traces > 0 && !import->sharded)
        return qn_fail(err, QN_ERR_USAGE,
                       "--shard-traces goes with shards: leave out --no-shards and --zarr 2, or "
                       "give --chunk-traces alone.");
    uint64_t samples = import->layout.samples;
    uint64_t trace_bytes = samples * qn_import_converter(import)->dtype_bytes;
    if (trace_bytes > MAX_CHUNK_BYTES)
        return qn_fail(err, QN_ERR_UNSUPPORTED,
                       "traces of %llu samples are too long for one chunk of %u MiB.",
                       (unsigned long long)samples, MAX_CHUNK_BYTES >> 20);
    return qn_import_grid(import->layout.trace_count, trace_bytes, import->sharded, &wanted,
                          &import->grid, err);
}

/* ---- the store ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    enum qn_zarr_codec codec;
    int least, most, initial;
} codecs[] = {
    {"none", QN_ZARR_NONE, 0, 0, 0},
    {"zstd", QN_ZARR_ZSTD, 1, 22, 1},
    {"blosc-lz4", QN_ZARR_BLOSC_LZ4, 0, 9, 1},
    {"blosc-zstd", QN_ZARR_BLOSC_ZSTD, 0, 9, 1},
};

static enum qn_status decide_codec(const struct qn_options *options, struct qn_import *import,
                                   struct qn_error *err)
{
    const char *name = qn_option_string(options, "codec");
    size_t i = 0;
    while (i + 1 < sizeof codecs / sizeof *codecs && strcmp(codecs[i].name, name))
        i++;
    import->codec = codecs[i].codec;
    import->level = codecs[i].initial;
    if (!qn_option_given(options, "level"))
        return QN_OK;
    int64_t level = qn_option_int(options, "level");
    if (level < codecs[i].least || level > codecs[i].most)
        return qn_fail(err, QN_ERR_USAGE, "--level %lld: codec %s knows levels %d to %d.",
                       (long long)level, codecs[i].name, codecs[i].least, codecs[i].most);
    import->level = (int)level;
    return QN_OK;
}

static enum qn_status decide_store(const struct qn_options *options, struct qn_import *import,
                                   struct qn_error *err)
{
    import->zarr_format = strcmp(qn_option_string(options, "zarr"), "2") ? 3 : 2;
    import->sample_major = !strcmp(qn_option_string(options, "shape"), "sample-major");
    import->sharded = import->zarr_format == 3 && qn_option_flag(options, "shards");
    import->float32 = !strcmp(qn_option_string(options, "sample-type"), "float32");
    import->inverse_gain = !strcmp(qn_option_string(options, "gain-sign"), "minus");
    enum qn_status status = decide_codec(options, import, err);
    return status ? status : decide_grid(options, import, err);
}

/* ---- the layout ----------------------------------------------------------------------------- */

static enum qn_status format_option(const struct qn_options *options, int *code,
                                    struct qn_error *err)
{
    const char *name = qn_option_string(options, "format");
    if (!name)
        return QN_OK;
    const struct qn_segy_format *format = qn_segy_format_by_name(name);
    if (format) {
        *code = format->code;
        return QN_OK;
    }
    char known[512] = "";
    size_t len = 0;
    for (size_t i = 0; (format = qn_segy_format_at(i)) && len < sizeof known; i++)
        len += (size_t)snprintf(known + len, sizeof known - len, "%s%d %s", i ? ", " : "",
                                format->code, format->name);
    return qn_fail(err, QN_ERR_USAGE, "--format '%s' is no sample format. Formats are: %s.", name,
                   known);
}

static enum qn_status read_overrides(const struct qn_options *options,
                                     struct qn_segy_overrides *overrides, struct qn_error *err)
{
    *overrides = (struct qn_segy_overrides){0};
    const char *endian = qn_option_string(options, "endian");
    overrides->order_given = endian != NULL;
    overrides->order = endian && !strcmp(endian, "little") ? QN_LITTLE_ENDIAN : QN_BIG_ENDIAN;
    if (qn_option_given(options, "interval")) {
        overrides->interval_us = qn_option_real(options, "interval");
        if (!(overrides->interval_us > 0 && overrides->interval_us < 1e12))
            return qn_fail(err, QN_ERR_USAGE,
                           "--interval is the time between samples in microseconds, above 0.");
    }
    uint64_t samples = 0;
    uint64_t headers = 0;
    enum qn_status status = format_option(options, &overrides->format, err);
    if (!status)
        status = count_option(options, "samples", 1, UINT32_MAX, &samples, err);
    if (!status)
        status = count_option(options, "first-trace-offset", 1, INT64_MAX,
                              &overrides->first_trace_offset, err);
    if (!status)
        status = count_option(options, "trace-headers", 1, 1000, &headers, err);
    overrides->samples = (uint32_t)samples;
    overrides->trace_headers = (uint32_t)headers;
    return status;
}

/* ---- columns and key ------------------------------------------------------------------------ */

/* Whether the first trace carries the standard's extension header, by its name in either code. */
static enum qn_status has_extension(const struct qn_segy_source *source,
                                    const struct qn_segy_layout *layout, bool *found,
                                    struct qn_error *err)
{
    static const uint8_t ebcdic[8] = {0xE2, 0xC5, 0xC7, 0xF0, 0xF0, 0xF0, 0xF0, 0xF1};
    uint8_t name[8];
    *found = false;
    if (layout->trace_header_bytes < 2 * QN_SEGY_TRACE_HEADER_BYTES)
        return QN_OK;
    uint64_t offset = layout->first_trace_offset + 2 * QN_SEGY_TRACE_HEADER_BYTES - sizeof name;
    enum qn_status status = source->read_at(source->context, offset, name, sizeof name, err);
    *found = !status && (!memcmp(name, "SEG00001", 8) || !memcmp(name, ebcdic, 8));
    return status;
}

static enum qn_status append_fields(struct qn_import *import, const struct qn_segy_field *fields,
                                    size_t count, struct qn_error *err)
{
    size_t bytes = (import->field_count + count + 1) * sizeof *fields;
    struct qn_segy_field *all = qn_sys.realloc(import->fields, bytes);
    if (!all)
        return qn_fail_memory(err, "the header fields", bytes);
    memcpy(all + import->field_count, fields, count * sizeof *fields);
    import->fields = all;
    import->field_count += count;
    return QN_OK;
}

static enum qn_status read_mapping(const struct qn_options *options,
                                   const struct qn_segy_source *source,
                                   struct qn_segy_mapping *mapping, struct qn_import *import,
                                   struct qn_error *err)
{
    const char *path = qn_option_string(options, "mapping");
    struct qn_buf json = {0};
    bool extended = false;
    enum qn_status status;
    if (path) {
        status = qn_read_file(path, &json, MAX_MAPPING_BYTES, err);
        if (!status)
            status = qn_segy_mapping_parse((const char *)json.data, json.len, path,
                                           import->layout.trace_header_bytes, mapping, err);
    } else {
        status = qn_segy_mapping_standard(mapping, err);
        if (!status)
            status = has_extension(source, &import->layout, &extended, err);
    }
    qn_buf_release(&json);
    if (!status)
        status = append_fields(import, mapping->fields, mapping->field_count, err);
    size_t extra = 0;
    while (qn_segy_extension_fields[extra].name)
        extra++;
    if (!status && extended)
        status = append_fields(import, qn_segy_extension_fields, extra, err);
    return status;
}

static ptrdiff_t find_column(const struct qn_import *import, const char *name)
{
    for (size_t i = 0; i < import->field_count; i++)
        if (!strcmp(import->fields[i].name, name))
            return (ptrdiff_t)i;
    return -1;
}

static enum qn_status unknown_field(const struct qn_import *import, const char *option,
                                    const char *name, struct qn_error *err)
{
    struct qn_nearest nearest = qn_nearest_to(name);
    char hint[128];
    char known[600] = "";
    size_t len = 0;
    for (size_t i = 0; i < import->field_count; i++) {
        qn_nearest_try(&nearest, import->fields[i].name);
        if (len < sizeof known - 80)
            len += (size_t)snprintf(known + len, sizeof known - len, "%s%s", i ? ", " : "",
                                    import->fields[i].name);
    }
    return qn_fail(err, QN_ERR_USAGE, "--%s: no header field is named '%s'.%s Fields are: %s%s.",
                   option, name, qn_nearest_hint(&nearest, hint), known,
                   len >= sizeof known - 80 ? ", ..." : "");
}

static enum qn_status decide_key(const struct qn_options *options,
                                 const struct qn_segy_mapping *mapping, struct qn_import *import,
                                 struct qn_error *err)
{
    size_t given = qn_option_count(options, "ensemble-key");
    size_t count = given ? given : mapping->key_count;
    if (count > QN_MAX_KEYS)
        return qn_fail(err, QN_ERR_USAGE, "an ensemble key has at most %d fields, not %zu.",
                       QN_MAX_KEYS, count);
    import->key_count = count;
    for (size_t i = 0; i < count; i++) {
        const char *name = given ? qn_option_item(options, "ensemble-key", i)
                                 : mapping->fields[mapping->keys[i]].name;
        ptrdiff_t at = find_column(import, name);
        if (at < 0)
            return unknown_field(import, "ensemble-key", name, err);
        import->keys[i] = (size_t)at;
    }
    return QN_OK;
}

/* Keeps the columns named by --headers and those of the key, in the order of the mapping. */
static enum qn_status select_columns(const struct qn_options *options, struct qn_import *import,
                                     struct qn_error *err)
{
    size_t wanted = qn_option_count(options, "headers");
    if (wanted == 0)
        return QN_OK;
    bool *keep = qn_sys.calloc(import->field_count + 1, sizeof *keep);
    if (!keep)
        return qn_fail_memory(err, "the header fields", import->field_count);
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < wanted && !status; i++) {
        const char *name = qn_option_item(options, "headers", i);
        ptrdiff_t at = find_column(import, name);
        if (at < 0)
            status = unknown_field(import, "headers", name, err);
        else
            keep[at] = true;
    }
    for (size_t i = 0; i < import->key_count; i++)
        keep[import->keys[i]] = true;
    size_t kept = 0;
    for (size_t i = 0; i < import->field_count && !status; i++) {
        if (!keep[i])
            continue;
        for (size_t k = 0; k < import->key_count; k++)
            if (import->keys[k] == i)
                import->keys[k] = kept;
        import->fields[kept++] = import->fields[i];
    }
    if (!status)
        import->field_count = kept;
    free(keep);
    return status;
}

/* Names that columns of headers.parquet get from this program. */
static enum qn_status check_names(const struct qn_import *import, struct qn_error *err)
{
    for (size_t i = 0; i < import->field_count; i++) {
        char scaled[QN_COLUMN_NAME];
        qn_scaled_name(&import->fields[i], scaled);
        bool clash =
            import->fields[i].scaling != QN_SEGY_UNSCALED && find_column(import, scaled) >= 0;
        if (clash || !strcmp(import->fields[i].name, QN_TRACE_INDEX))
            return qn_fail(err, QN_ERR_INPUT,
                           "the header mapping has a field '%s': headers.parquet has a column of "
                           "that name already. Give the field another name.",
                           clash ? scaled : QN_TRACE_INDEX);
    }
    return QN_OK;
}

enum qn_status qn_import_decide(const struct qn_options *options,
                                const struct qn_segy_source *source,
                                struct qn_segy_mapping *mapping, struct qn_import *import,
                                struct qn_error *err)
{
    *import = (struct qn_import){.file_size = source->size};
    *mapping = (struct qn_segy_mapping){0};
    if (snprintf(import->path, sizeof import->path, "%s", source->name) >= (int)sizeof import->path)
        return qn_fail(err, QN_ERR_USAGE, "the path '%.200s...' is too long.", source->name);
    struct qn_segy_overrides overrides;
    enum qn_status status = read_overrides(options, &overrides, err);
    if (!status)
        status = qn_segy_decide_layout(source, &overrides, &import->layout, &import->notes, err);
    if (!status)
        status = read_mapping(options, source, mapping, import, err);
    if (!status)
        status = decide_key(options, mapping, import, err);
    if (!status)
        status = select_columns(options, import, err);
    if (!status)
        status = check_names(import, err);
    if (!status)
        status = decide_store(options, import, err);
    return status;
}
