/* The stages of an import, each alone on one core over the same survey of IBM floats: what a run
 * would take if nothing overlapped. bench/run.py sets it beside whole imports.
 *
 *   bench_segy_stages SURVEY CODEC OUT     CODEC: none, zstd or blosc-lz4
 *
 * SURVEY has traces of one length from byte 3600 on, as `quern synth segy` writes them; OUT is a
 * file that is made and removed. Prints a JSON object of seconds. */
#include "bench.h"

#include "compute/samples.h"
#include "compute/stats.h"
#include "format/segy.h"
#include "format/zarr.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_TRACES 256u

struct bench {
    struct qn_zarr_array array;
    struct qn_zarr_encoder *encoder; /* NULL: stored as they are */
    size_t trace_bytes;
    size_t chunks;
    int in, out;
    uint8_t *block;
    float *samples;
    struct qn_buf packed;
    double read, convert, statistics, pack, write;
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void convert_chunk(struct bench *b)
{
    const struct qn_sample_converter *converter =
        qn_samples_find(1, QN_BIG_ENDIAN, QN_SAMPLES_NATIVE);
    struct qn_convert_counts counts = {0};
    size_t n = b->array.shape[1];
    for (size_t i = 0; i < CHUNK_TRACES; i++)
        converter->convert(b->block + i * b->trace_bytes + QN_SEGY_TRACE_HEADER_BYTES, n,
                           b->samples + i * n, &counts);
}

static void measure_chunk(struct bench *b)
{
    struct qn_stats stats;
    size_t n = b->array.shape[1];
    size_t dead = 0;
    for (size_t i = 0; i < CHUNK_TRACES; i++)
        dead += qn_stats_is_dead(QN_FLOAT32, b->samples + i * n, n);
    qn_stats_block(QN_FLOAT32, b->samples, CHUNK_TRACES * n, &stats);
    if (dead + stats.nans > stats.count)
        fail("statistics");
}

static void pack_chunk(struct bench *b)
{
    qn_buf_clear(&b->packed);
    if (b->encoder && qn_zarr_encode(b->encoder, b->samples, &b->packed, NULL))
        fail("packing");
}

static void write_chunk(struct bench *b)
{
    const void *bytes = b->encoder ? (const void *)b->packed.data : b->samples;
    size_t len = b->encoder ? b->packed.len : qn_zarr_chunk_bytes(&b->array);
    if (write(b->out, bytes, len) != (ssize_t)len)
        fail("writing");
}

/* Adds the time since *from to *stage and moves *from on. */
static void lap(double *from, double *stage)
{
    double now = seconds();
    *stage += now - *from;
    *from = now;
}

static void run(struct bench *b)
{
    size_t bytes = CHUNK_TRACES * b->trace_bytes;
    for (size_t c = 0; c < b->chunks; c++) {
        double from = seconds();
        if (pread(b->in, b->block, bytes, (off_t)(QN_SEGY_REEL_BYTES + c * bytes)) !=
            (ssize_t)bytes)
            fail("reading");
        lap(&from, &b->read);
        convert_chunk(b);
        lap(&from, &b->convert);
        measure_chunk(b);
        lap(&from, &b->statistics);
        pack_chunk(b);
        lap(&from, &b->pack);
        write_chunk(b);
        lap(&from, &b->write);
    }
}

static enum qn_zarr_codec codec_named(const char *name)
{
    if (strcmp(name, "zstd") == 0)
        return QN_ZARR_ZSTD;
    return strcmp(name, "blosc-lz4") == 0 ? QN_ZARR_BLOSC_LZ4 : QN_ZARR_NONE;
}

static void open_survey(struct bench *b, const char *path, enum qn_zarr_codec codec)
{
    uint8_t reel[QN_SEGY_REEL_BYTES];
    struct qn_segy_binary_header header;
    b->in = open(path, O_RDONLY);
    if (b->in < 0 || read(b->in, reel, sizeof reel) != (ssize_t)sizeof reel)
        fail(path);
    qn_segy_binary_parse(reel + QN_SEGY_TEXT_BYTES, QN_BIG_ENDIAN, &header);
    b->trace_bytes = QN_SEGY_TRACE_HEADER_BYTES + 4 * (size_t)header.samples;
    size_t traces = (size_t)(lseek(b->in, 0, SEEK_END) - QN_SEGY_REEL_BYTES) / b->trace_bytes;
    b->chunks = traces / CHUNK_TRACES;
    b->array = (struct qn_zarr_array){.name = "amplitude",
                                      .format = 3,
                                      .dtype = QN_FLOAT32,
                                      .ndim = 2,
                                      .shape = {traces, header.samples},
                                      .chunk = {CHUNK_TRACES, header.samples},
                                      .codec = codec,
                                      .level = codec == QN_ZARR_NONE ? 0 : 1};
}

int main(int argc, char **argv)
{
    struct bench b = {0};
    if (argc != 4) {
        fputs("usage: bench_segy_stages SURVEY CODEC OUT\n", stderr);
        return 2;
    }
    open_survey(&b, argv[1], codec_named(argv[2]));
    b.out = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (b.out < 0)
        fail(argv[3]);
    b.block = malloc(CHUNK_TRACES * b.trace_bytes);
    b.samples = malloc(qn_zarr_chunk_bytes(&b.array));
    if (!b.block || !b.samples ||
        (b.array.codec != QN_ZARR_NONE && qn_zarr_encoder_new(&b.encoder, &b.array, NULL)))
        fail("memory");
    run(&b);
    printf("{\"read\": %.4f, \"convert\": %.4f, \"statistics\": %.4f, \"pack\": %.4f, "
           "\"write\": %.4f}\n",
           b.read, b.convert, b.statistics, b.pack, b.write);
    unlink(argv[3]);
    return 0;
}
