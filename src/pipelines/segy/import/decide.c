/* From options and a file's outline to an import: the layout, the columns, the key, the store's
 * grid and packing. See import.h; options on headers are read in decide_headers.c, all others here.
 */
#include "pipelines/segy/import/decide_headers.h"
#include "pipelines/segy/survey/overrides.h"

#include <string.h>

#define CHUNK_BYTES       (3u << 19) /* 1.5 MiB: a chunk and its packed form fit a core's cache */
#define LOOSE_CHUNK_BYTES (8u << 20) /* of a chunk that is a file of its own */
#define MAX_CHUNK_BYTES   (1u << 29) /* what the codecs and a worker's memory allow */
#define MAX_CHUNK_TRACES  16384u     /* bounds what short traces bring along in headers */
#define SHARD_CHUNKS      32u
#define MAX_SEGMENTS      400u

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

/* Grid for `traces` traces of `trace_bytes` bytes of samples; 0 in *wanted: by default. */
static enum qn_status choose_grid(uint64_t traces, uint64_t trace_bytes, bool sharded,
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

static enum qn_status decide_grid(const struct qn_options *options, struct qn_import *import,
                                  struct qn_error *err)
{
    const int64_t most = INT64_C(1) << 40;
    struct qn_store_grid wanted;
    enum qn_status status =
        qn_count_option(options, "chunk-traces", 1, most, &wanted.chunk_traces, err);
    if (!status)
        status = qn_count_option(options, "shard-traces", 1, most, &wanted.shard_traces, err);
    if (!status)
        status = qn_count_option(options, "segment-traces", 1, most, &wanted.segment_traces, err);
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
    return choose_grid(import->layout.trace_count, trace_bytes, import->sharded, &wanted,
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
    import->depth = !strcmp(qn_option_string(options, "domain"), "depth");
    import->no_traces = !qn_option_flag(options, "traces");
    if (import->no_traces && !qn_option_string(options, "grid"))
        return qn_fail(err, QN_ERR_USAGE,
                       "--no-traces leaves out traces.zarr: give --grid too, or nothing keeps the "
                       "samples.");
    enum qn_status status = decide_codec(options, import, err);
    return status ? status : decide_grid(options, import, err);
}

enum qn_status qn_import_decide(const struct qn_options *options, struct qn_segy_mapping *mapping,
                                struct qn_import *import, struct qn_error *err)
{
    enum qn_status status = qn_decide_headers(options, mapping, import, err);
    return status ? status : decide_store(options, import, err);
}
