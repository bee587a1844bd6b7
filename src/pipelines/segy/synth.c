/* Synthetic surveys: a layered earth of smooth horizons, one fault, a Ricker wavelet and noise,
 * written trace by trace under correct headers. See synth.h.
 *
 * A trace is the sum of one shifted wavelet per layer, taken from a table of wavelets shifted by
 * sixteenths of a sample, plus noise from a table entered at a place hashed from (seed, trace).
 * All of it is integer hashing, table look-up and one addition per sample and layer, so that a
 * machine without fast sines writes the same bytes as fast. */
#include "pipelines/segy/synth.h"

#include "base/fresh.h"
#include "base/ibm_scalar.h"
#include "base/sys.h"
#include "compute/ibm.h"
#include "compute/random.h"
#include "format/segy.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAYERS       24
#define PEAK_HZ      28.0
#define STEPS        16   /* wavelet shifts per sample */
#define NOISE        8192 /* values in the noise table, a power of two */
#define NOISE_LEVEL  0.03f
#define BLOCK_BYTES  ((size_t)1 << 20)
#define BIN_METRES   25
#define FIRST_INLINE 1001
#define FIRST_XLINE  2001
#define ORIGIN_X     430000
#define ORIGIN_Y     6780000
#define OFFSET_STEP  100
#define XY_SCALAR    100
/* Within these, coordinates and trace numbers fit their 4 bytes. */
#define MAX_LINES   100000
#define MAX_OFFSETS 10000

const struct qn_segy_synth qn_segy_synth_default = {.inlines = 20,
                                                    .crosslines = 50,
                                                    .offsets = 1,
                                                    .samples = 500,
                                                    .interval_us = 4000,
                                                    .format = 1,
                                                    .order = QN_BIG_ENDIAN,
                                                    .revision = 1,
                                                    .seed = 1};

struct layer {
    double time;    /* zero-offset two-way time at the survey's corner, s */
    double dip_il;  /* s per inline */
    double dip_xl;  /* s per crossline */
    double bend;    /* s, depth of a parabolic trough across the survey */
    float strength; /* reflection coefficient, -1 to 1 */
};

struct writer {
    const struct qn_segy_synth *p;
    const struct qn_segy_format *format;
    struct layer layers[LAYERS];
    size_t wavelet_len; /* samples of one shifted wavelet */
    float *wavelets;    /* STEPS rows of wavelet_len */
    float *noise;       /* NOISE values, then a copy of the first ones for a whole trace */
    float *trace;       /* one trace before conversion */
    size_t trace_bytes;
    uint8_t *block; /* whole traces on their way to the file */
    size_t block_len;
    struct qn_fresh_file file;
    struct qn_error *err;
};

/* A well-mixed 64-bit word of a counter. */
static uint64_t hash(uint64_t seed, uint64_t counter)
{
    return qn_random_mix(seed + (counter + 1) * 0x9E3779B97F4A7C15u);
}

/* Uniform in [-1, 1), from 24 bits: exact in float. */
static float uniform(uint64_t seed, uint64_t counter)
{
    return (float)((int64_t)(hash(seed, counter) >> 40) - (1 << 23)) / (float)(1 << 23);
}

static enum qn_status check_parameters(const struct qn_segy_synth *p, struct qn_error *err)
{
    bool whole = p->interval_us == floor(p->interval_us) && p->interval_us <= 65535;
    const struct {
        const char *name;
        bool sound;
        const char *range;
    } parameters[] = {
        {"path", p->path && *p->path, "given"},
        {"inlines", p->inlines >= 1 && p->inlines <= MAX_LINES, "1 to 100000"},
        {"crosslines", p->crosslines >= 1 && p->crosslines <= MAX_LINES, "1 to 100000"},
        {"offsets", p->offsets >= 1 && p->offsets <= MAX_OFFSETS, "1 to 10000"},
        {"inlines x crosslines x offsets",
         (uint64_t)p->inlines * p->crosslines * p->offsets <= INT32_MAX,
         "at most 2147483647 traces"},
        {"revision", p->revision >= 0 && p->revision <= 2, "0, 1 or 2"},
        {"samples", p->samples >= 1 && p->samples <= (p->revision == 2 ? 10000000u : 65535u),
         "1 to 65535, or 10000000 with revision 2"},
        {"interval", p->interval_us > 0 && p->interval_us <= 1e6 && (p->revision == 2 || whole),
         "whole microseconds up to 65535, or with revision 2 any above 0 and up to 1000000"},
        {"format", qn_segy_format_by_code(p->format), "one of 1-12, 15, 16"},
    };
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        if (!parameters[i].sound)
            return qn_fail(err, QN_ERR_USAGE, "synthetic survey: %s must be %s.",
                           parameters[i].name, parameters[i].range);
    }
    return QN_OK;
}

static void make_layers(struct writer *w)
{
    double length = w->p->samples * w->p->interval_us * 1e-6;
    for (unsigned i = 0; i < LAYERS; i++) {
        uint64_t seed = w->p->seed ^ 0x6C61796572u;
        double jitter = 0.35 * (double)uniform(seed, 4 * i);
        struct layer *layer = &w->layers[i];
        layer->time = length * (0.08 + 0.88 * (i + 0.5 + jitter) / LAYERS);
        layer->dip_il = length * 0.10 * (double)uniform(seed, 1) / w->p->inlines * (i + 4) / LAYERS;
        layer->dip_xl =
            length * 0.12 * (double)uniform(seed, 2) / w->p->crosslines * (i + 4) / LAYERS;
        layer->bend = length * 0.05 * (double)uniform(seed, 4 * (i / 6) + 3);
        layer->strength = uniform(seed, 4 * i + 5);
        layer->strength += layer->strength < 0 ? -0.2f : 0.2f;
    }
}

/* Ricker wavelet (1 - 2a) exp(-a), a = (pi f t)^2 (Ricker 1953), in float so that the last bits
 * of exp of different mathematics libraries do not show. */
static void make_wavelets(struct writer *w)
{
    size_t middle = w->wavelet_len / 2;
    double dt = w->p->interval_us * 1e-6;
    for (size_t step = 0; step < STEPS; step++)
        for (size_t i = 0; i < w->wavelet_len; i++) {
            double t = ((double)i - (double)middle - (double)step / STEPS) * dt;
            double a = (M_PI * PEAK_HZ * t) * (M_PI * PEAK_HZ * t);
            double value = (1 - 2 * a) * exp(-a);
            w->wavelets[step * w->wavelet_len + i] = (float)(round(value * 0x1p20) * 0x1p-20);
        }
}

/* The sum of three uniform variables is near enough to normal. */
static void make_noise(struct writer *w)
{
    for (size_t i = 0; i < NOISE + w->p->samples; i++) {
        uint64_t k = 3 * (uint64_t)(i % NOISE), seed = w->p->seed ^ 0x6E6F697365u;
        w->noise[i] =
            NOISE_LEVEL * (uniform(seed, k) + uniform(seed, k + 1) + uniform(seed, k + 2));
    }
}

/* Two-way time of a layer at inline i, crossline x, offset h metres: plane, trough, fault, and
 * hyperbolic moveout with a velocity that grows with time. */
static double arrival(const struct writer *w, const struct layer *layer, uint32_t i, uint32_t x,
                      double h)
{
    double across = (x + 0.5) / w->p->crosslines - 0.5;
    double t =
        layer->time + layer->dip_il * i + layer->dip_xl * x - layer->bend * across * across * 4;
    double fault = 0.18 + 0.1 * i / w->p->inlines - 0.05 * layer->time;
    if (across > fault)
        t += 0.02 * w->p->samples * w->p->interval_us * 1e-6;
    double velocity = 1700 + 500 * t;
    return h > 0 && t > 0 ? sqrt(t * t + h * h / (velocity * velocity)) : t;
}

static void add_layer(struct writer *w, const struct layer *layer, double t)
{
    double steps = t / (w->p->interval_us * 1e-6) * STEPS;
    if (!(steps >= 0 && steps < (double)w->p->samples * STEPS))
        return;
    int64_t at = (int64_t)steps;
    const float *wavelet = w->wavelets + (size_t)(at % STEPS) * w->wavelet_len;
    int64_t first = at / STEPS - (int64_t)(w->wavelet_len / 2);
    int64_t from = first < 0 ? -first : 0, left = (int64_t)w->p->samples - first;
    int64_t to = left < (int64_t)w->wavelet_len ? left : (int64_t)w->wavelet_len;
    float strength = layer->strength;
    for (int64_t k = from; k < to; k++)
        w->trace[first + k] += strength * wavelet[k];
}

static void make_trace(struct writer *w, uint32_t i, uint32_t x, double h, uint64_t number)
{
    const float *noise = w->noise + (hash(w->p->seed, number) & (NOISE - 1));
    memcpy(w->trace, noise, w->p->samples * sizeof *w->trace);
    for (size_t k = 0; k < LAYERS; k++)
        add_layer(w, &w->layers[k], arrival(w, &w->layers[k], i, x, h));
}

/* A sample (about -2 to 2) as an integer that uses the range of `bits` bits, signed or not. */
static int64_t quantise(float value, unsigned bits, bool is_signed)
{
    double full = (double)((uint64_t)1 << (bits - 1)) - 1, scaled = (double)value / 4 * full;
    scaled = scaled > full ? full : scaled < -full ? -full : scaled;
    int64_t rounded = (int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    return is_signed ? rounded : rounded + ((int64_t)1 << (bits - 1));
}

/* Format 4: the mantissa of a 15-bit integer and no gain. */
static void put_sample(const struct writer *w, float value, uint8_t *p)
{
    enum qn_byte_order order = w->p->order;
    double wide = (double)value;
    uint64_t bits;
    switch (w->p->format) {
    case 5:
        qn_store_u32(p, order, qn_float_bits(value));
        break;
    case 6:
        memcpy(&bits, &wide, sizeof bits);
        qn_store_u64(p, order, bits);
        break;
    case 2:
        qn_store_u32(p, order, (uint32_t)quantise(value, 24, true));
        break;
    case 4:
        qn_store_u32(p, order, (uint16_t)quantise(value, 16, true));
        break;
    case 9:
        qn_store_u64(p, order, (uint64_t)quantise(value, 24, true));
        break;
    case 10:
        qn_store_u32(p, order, (uint32_t)quantise(value, 24, false));
        break;
    case 12:
        qn_store_u64(p, order, (uint64_t)quantise(value, 24, false));
        break;
    case 3:
    case 11:
        qn_store_u16(p, order, (uint16_t)quantise(value, 16, w->p->format == 3));
        break;
    case 7:
    case 15:
        qn_store_u24(p, order, (uint32_t)quantise(value, 24, w->p->format == 7));
        break;
    default:
        *p = (uint8_t)quantise(value, 8, w->p->format == 8);
    }
}

static void put_samples(const struct writer *w, uint8_t *p)
{
    if (w->p->format == 1) {
        qn_ibm_encode(w->trace, w->p->order, w->p->samples, p);
        return;
    }
    for (size_t k = 0; k < w->p->samples; k++)
        put_sample(w, w->trace[k], p + k * w->format->bytes);
}

/* The values of a trace header that are not 0, in the order of the table. */
static void put_trace_header(const struct writer *w, uint32_t i, uint32_t x, uint32_t h,
                             uint64_t number, uint8_t *header)
{
    const struct qn_segy_synth *p = w->p;
    int64_t offset = p->offsets == 1 ? 0 : (int64_t)(h + 1) * OFFSET_STEP;
    int64_t cdp_x = (ORIGIN_X + (int64_t)x * BIN_METRES) * XY_SCALAR;
    int64_t cdp_y = (ORIGIN_Y + (int64_t)i * BIN_METRES) * XY_SCALAR;
    int64_t half = offset * XY_SCALAR / 2;
    const struct {
        const char *name;
        int64_t value;
    } values[] = {
        {"trace_sequence_line", (int64_t)x * p->offsets + h + 1},
        {"trace_sequence_file", (int64_t)number + 1},
        {"field_record", (int64_t)i * p->crosslines + x + 1},
        {"trace_number", h + 1},
        {"cdp", (int64_t)i * p->crosslines + x + 1},
        {"trace_number_cdp", h + 1},
        {"trace_id_code", 1},
        {"horizontally_stacked", 1},
        {"data_use", 1},
        {"offset", offset},
        {"scalar_elevation", 1},
        {"scalar_coord", -XY_SCALAR},
        {"source_x", cdp_x - half},
        {"source_y", cdp_y},
        {"receiver_x", cdp_x + half},
        {"receiver_y", cdp_y},
        {"coord_units", 1},
        {"sample_count", p->samples <= 65535 ? p->samples : 0},
        {"sample_interval", p->interval_us <= 65535 ? (int64_t)p->interval_us : 0},
        {"cdp_x", p->revision ? cdp_x : 0},
        {"cdp_y", p->revision ? cdp_y : 0},
        {"inline", FIRST_INLINE + (int64_t)i},
        {"crossline", FIRST_XLINE + (int64_t)x},
    };
    memset(header, 0, QN_SEGY_TRACE_HEADER_BYTES);
    for (size_t k = 0, row = 0; k < sizeof values / sizeof *values; k++) {
        while (strcmp(qn_segy_trace_fields[row].name, values[k].name) != 0)
            row++;
        qn_segy_put(&qn_segy_trace_fields[row], p->order, header, values[k].value);
    }
    if (p->revision == 2)
        memcpy(header + 232, "SEG00000", 8);
}

/* Writes line `number` (1 to 40): "C 1 " and the text. */
static void put_line(uint8_t record[QN_SEGY_TEXT_BYTES], unsigned number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void put_line(uint8_t record[QN_SEGY_TEXT_BYTES], unsigned number, const char *format, ...)
{
    char line[160];
    int prefix = snprintf(line, sizeof line, "C%2u ", number);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + prefix, sizeof line - (size_t)prefix, format, arguments);
    va_end(arguments);
    qn_segy_text_put_line(record, number - 1, line, QN_SEGY_EBCDIC);
}

static void make_text(const struct writer *w, uint8_t record[QN_SEGY_TEXT_BYTES])
{
    const struct qn_segy_synth *p = w->p;
    for (unsigned number = 1; number <= 40; number++)
        put_line(record, number, "%s", "");
    put_line(record, 1, "SYNTHETIC SURVEY WRITTEN BY QUERN, SEED %llu",
             (unsigned long long)p->seed);
    put_line(record, 2, "%u INLINES FROM %d, %u CROSSLINES FROM %d, %u TRACES PER CDP", p->inlines,
             FIRST_INLINE, p->crosslines, FIRST_XLINE, p->offsets);
    put_line(record, 3, "%u SAMPLES PER TRACE, EVERY %.9g MICROSECONDS", p->samples,
             p->interval_us);
    put_line(record, 4, "SAMPLE FORMAT %d (%s), %s-ENDIAN", p->format, w->format->name,
             p->order == QN_BIG_ENDIAN ? "BIG" : "LITTLE");
    put_line(record, 6, "%d FAULTED LAYERS, RICKER WAVELET OF %.0f HZ, NOISE", LAYERS, PEAK_HZ);
    put_line(record, 8, "BYTES  21-24  CDP           BYTES  37-40  OFFSET IN METRES");
    put_line(record, 9, "BYTES 181-184 CDP X         BYTES 185-188 CDP Y, SCALAR AT 71-72");
    put_line(record, 10, "BYTES 189-192 INLINE        BYTES 193-196 CROSSLINE");
    put_line(record, 12, "BINS OF %d X %d METRES, ORIGIN X %d Y %d", BIN_METRES, BIN_METRES,
             ORIGIN_X, ORIGIN_Y);
    if (p->revision)
        put_line(record, 39, "SEG-Y REV%d.0", p->revision);
    put_line(record, 40, "END TEXTUAL HEADER");
}

static void make_binary(const struct writer *w, uint8_t bytes[QN_SEGY_BINARY_BYTES])
{
    const struct qn_segy_synth *p = w->p;
    bool revision_2 = p->revision == 2;
    uint16_t samples = p->samples <= 65535 ? (uint16_t)p->samples : 0;
    uint16_t interval = p->interval_us <= 65535 ? (uint16_t)p->interval_us : 0;
    struct qn_segy_binary_header header = {
        .job = 1,
        .line = 1,
        .reel = 1,
        .traces_per_ensemble = (int16_t)p->offsets,
        .interval_us = interval,
        .original_interval_us = interval,
        .samples = samples,
        .original_samples = samples,
        .format = (int16_t)p->format,
        .fold = (int16_t)p->offsets,
        .sorting = p->offsets == 1 ? 4 : 2,
        .measurement_system = 1,
        .extended_samples = revision_2 ? p->samples : 0,
        .extended_interval_us = revision_2 ? p->interval_us : 0,
        .byte_order_constant = revision_2 ? 0x01020304 : 0,
        .revision_major = (uint8_t)p->revision,
        .fixed_length = p->revision ? 1 : 0,
        .trace_count = revision_2 ? (uint64_t)p->inlines * p->crosslines * p->offsets : 0,
        .first_trace_offset = revision_2 ? QN_SEGY_REEL_BYTES : 0,
    };
    qn_segy_binary_format(&header, p->order, bytes);
}

static enum qn_status allocate(struct writer *w)
{
    const struct qn_segy_synth *p = w->p;
    size_t traces = BLOCK_BYTES / w->trace_bytes + 1;
    /* The wavelet is below 1e-7 two periods of its peak frequency from its middle. */
    w->wavelet_len = 2 * (size_t)(1.6 / PEAK_HZ / (p->interval_us * 1e-6) + 1) + 2;
    w->wavelets = qn_sys.malloc(STEPS * w->wavelet_len * sizeof *w->wavelets);
    w->noise = qn_sys.malloc((NOISE + (size_t)p->samples) * sizeof *w->noise);
    w->trace = qn_sys.malloc(p->samples * sizeof *w->trace);
    w->block = qn_sys.malloc(traces * w->trace_bytes);
    if (!w->wavelets || !w->noise || !w->trace || !w->block)
        return qn_fail_memory(w->err, "the synthetic survey", traces * w->trace_bytes);
    return QN_OK;
}

static enum qn_status flush(struct writer *w)
{
    enum qn_status status = qn_fresh_write(&w->file, w->block, w->block_len, w->err);
    w->block_len = 0;
    return status;
}

static enum qn_status write_reel(struct writer *w)
{
    uint8_t reel[QN_SEGY_REEL_BYTES];
    make_text(w, reel);
    make_binary(w, reel + QN_SEGY_TEXT_BYTES);
    return qn_fresh_write(&w->file, reel, sizeof reel, w->err);
}

static enum qn_status write_traces(struct writer *w)
{
    const struct qn_segy_synth *p = w->p;
    uint64_t traces = (uint64_t)p->inlines * p->crosslines * p->offsets;
    for (uint64_t number = 0; number < traces; number++) {
        uint32_t h = (uint32_t)(number % p->offsets);
        uint32_t x = (uint32_t)(number / p->offsets % p->crosslines);
        uint32_t i = (uint32_t)(number / p->offsets / p->crosslines);
        uint8_t *at = w->block + w->block_len;
        make_trace(w, i, x, p->offsets == 1 ? 0 : (h + 1.0) * OFFSET_STEP, number);
        put_trace_header(w, i, x, h, number, at);
        put_samples(w, at + QN_SEGY_TRACE_HEADER_BYTES);
        w->block_len += w->trace_bytes;
        enum qn_status status = w->block_len >= BLOCK_BYTES ? flush(w) : QN_OK;
        if (status)
            return status;
    }
    return flush(w);
}

static enum qn_status write_file(struct writer *w)
{
    enum qn_status status = qn_fresh_open(&w->file, w->p->path, true, w->err);
    if (!status)
        status = write_reel(w);
    if (!status)
        status = write_traces(w);
    if (!status)
        status = qn_fresh_finish(&w->file, w->err);
    qn_fresh_discard(&w->file);
    return status;
}

enum qn_status qn_segy_synthesize(const struct qn_segy_synth *parameters, struct qn_error *err)
{
    enum qn_status status = check_parameters(parameters, err);
    if (status)
        return status;
    struct writer w = {
        .p = parameters, .format = qn_segy_format_by_code(parameters->format), .err = err};
    w.trace_bytes = QN_SEGY_TRACE_HEADER_BYTES + (size_t)parameters->samples * w.format->bytes;
    status = allocate(&w);
    if (!status) {
        make_layers(&w);
        make_wavelets(&w);
        make_noise(&w);
        status = write_file(&w);
    }
    free(w.wavelets);
    free(w.noise);
    free(w.trace);
    free(w.block);
    return status;
}
