/* Deflate and gzip streams: see inflate.h. Formats: RFC 1951, RFC 1952. */
#include "format/inflate.h"

#include "base/sys.h"

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <stdlib.h>

enum { INPUT = 64 << 10 };

struct qn_inflate {
    struct inflate_state state;
    enum qn_inflate_kind kind;
    struct qn_stream input;
    const char *name;
    uint64_t size;
    uint32_t crc;
    int finished;
    uint8_t buffer[INPUT];
};

static void begin(struct qn_inflate *inflate)
{
    isal_inflate_init(&inflate->state);
    inflate->state.crc_flag = inflate->kind == QN_INFLATE_GZIP ? ISAL_GZIP : ISAL_DEFLATE;
}

enum qn_status qn_inflate_new(struct qn_inflate **out, enum qn_inflate_kind kind,
                              const struct qn_stream *input, const char *name, struct qn_error *err)
{
    struct qn_inflate *inflate = *out = qn_sys.malloc(sizeof *inflate);
    if (!inflate)
        return qn_fail_memory(err, "unpacking", sizeof *inflate);
    inflate->kind = kind;
    inflate->input = *input;
    inflate->name = name;
    inflate->size = 0;
    inflate->crc = 0;
    inflate->finished = 0;
    begin(inflate);
    inflate->state.next_in = inflate->buffer;
    inflate->state.avail_in = 0;
    return QN_OK;
}

void qn_inflate_free(struct qn_inflate *inflate)
{
    free(inflate);
}

static enum qn_status refill(struct qn_inflate *inflate, size_t *got, struct qn_error *err)
{
    enum qn_status status =
        inflate->input.read(inflate->input.context, inflate->buffer, INPUT, got, err);
    inflate->state.next_in = inflate->buffer;
    inflate->state.avail_in = (uint32_t)*got;
    return status;
}

/* After a gzip member: another one may follow; bytes that are none end the stream quietly, as
 * gzip itself has it. */
static enum qn_status next_member(struct qn_inflate *inflate, struct qn_error *err)
{
    size_t got = inflate->state.avail_in;
    enum qn_status status = got == 0 ? refill(inflate, &got, err) : QN_OK;
    if (status)
        return status;
    uint8_t *next = inflate->state.next_in;
    uint32_t left = inflate->state.avail_in;
    inflate->finished = got == 0 || next[0] != 0x1f;
    if (!inflate->finished) {
        isal_inflate_reset(&inflate->state);
        inflate->state.next_in = next;
        inflate->state.avail_in = left;
    }
    return QN_OK;
}

static enum qn_status broken(const struct qn_inflate *inflate, struct qn_error *err,
                             const char *what)
{
    return qn_fail_at(err, QN_ERR_INPUT, inflate->name, (int64_t)inflate->size,
                      "'%s' %s after %llu unpacked bytes. Fetch it again.", inflate->name, what,
                      (unsigned long long)inflate->size);
}

static enum qn_status step(struct qn_inflate *inflate, struct qn_error *err)
{
    struct inflate_state *state = &inflate->state;
    if (state->block_state == ISAL_BLOCK_FINISH) {
        if (inflate->kind == QN_INFLATE_GZIP)
            return next_member(inflate, err);
        inflate->finished = 1;
        return QN_OK;
    }
    size_t got = state->avail_in;
    enum qn_status status = got == 0 ? refill(inflate, &got, err) : QN_OK;
    if (status)
        return status;
    uint32_t room = state->avail_out;
    int result = isal_inflate(state);
    if (result == ISAL_INCORRECT_CHECKSUM)
        return broken(inflate, err, "does not have the checksum that it gives");
    if (result < 0)
        return broken(inflate, err, "is damaged");
    if (got == 0 && state->avail_out == room && state->block_state != ISAL_BLOCK_FINISH)
        return broken(inflate, err, "is cut off");
    return QN_OK;
}

enum qn_status qn_inflate_read(struct qn_inflate *inflate, void *bytes, size_t len, size_t *got,
                               struct qn_error *err)
{
    struct inflate_state *state = &inflate->state;
    enum qn_status status = QN_OK;
    size_t want = len < (1u << 30) ? len : 1u << 30;
    state->next_out = bytes;
    state->avail_out = (uint32_t)want;
    while (!status && !inflate->finished && state->avail_out > 0)
        status = step(inflate, err);
    *got = want - state->avail_out;
    inflate->size += *got;
    if (inflate->kind == QN_INFLATE_RAW)
        inflate->crc = libdeflate_crc32(inflate->crc, bytes, *got);
    return status;
}

uint64_t qn_inflate_size(const struct qn_inflate *inflate)
{
    return inflate->size;
}

uint32_t qn_inflate_crc(const struct qn_inflate *inflate)
{
    return inflate->crc;
}
