/* Random access to gzip files: see gzip_source.h. Inflates with zlib, the one library that can be
 * stopped at a block boundary and started there again. */
#include "format/gzip_source.h"

#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define IN_BYTES      (256u << 10) /* of the file, read at once */
#define OUT_BYTES     (256u << 10) /* of the content, in the pass that makes an index */
#define LEAST         (64u << 10)  /* of spacing and of a reader's memory */
#define TRAILER_BYTES 8u           /* of a member: checksum and length */
#define POINT_BYTES   24u          /* encoded, without its window */

/* inflateInit2's window bits: a gzip member with header and trailer, a bare deflate stream. */
enum { GZIP = 15 + 16, BARE = -15 };

bool qn_gzip_is(const uint8_t *bytes, size_t len)
{
    return len >= 3 && bytes[0] == 0x1F && bytes[1] == 0x8B && bytes[2] == Z_DEFLATED;
}

/* ---- feeding zlib --------------------------------------------------------------------------- */

static void *allocate(void *context, unsigned count, unsigned size)
{
    (void)context;
    return qn_sys.calloc(count, size);
}

static void release(void *context, void *memory)
{
    (void)context;
    free(memory);
}

/* A stream of zlib and the part of the file that it is fed. */
struct feed {
    const struct qn_gzip_file *file;
    z_stream stream;
    bool open;
    uint8_t *in;
    uint64_t fed; /* bytes of the file, up to the end of what is in `in` */
};

static enum qn_status feed_init(struct feed *feed, const struct qn_gzip_file *file,
                                struct qn_error *err)
{
    *feed = (struct feed){.file = file, .stream = {.zalloc = allocate, .zfree = release}};
    feed->in = qn_sys.malloc(IN_BYTES);
    feed->open = feed->in && inflateInit2(&feed->stream, GZIP) == Z_OK;
    return feed->open ? QN_OK : qn_fail_memory(err, "unpacking", IN_BYTES);
}

static void feed_release(struct feed *feed)
{
    if (feed->open)
        inflateEnd(&feed->stream);
    free(feed->in);
}

/* The byte of the file that zlib takes next. */
static uint64_t next_byte(const struct feed *feed)
{
    return feed->fed - feed->stream.avail_in;
}

/* Makes sure that there is something to take; *more is false at the end of the file. */
static enum qn_status refill(struct feed *feed, bool *more, struct qn_error *err)
{
    uint64_t left = feed->file->size - feed->fed;
    size_t len = left < IN_BYTES ? (size_t)left : IN_BYTES;
    *more = feed->stream.avail_in > 0 || len > 0;
    if (feed->stream.avail_in > 0 || len == 0)
        return QN_OK;
    enum qn_status status = feed->file->read_at(feed->file->context, feed->fed, feed->in, len, err);
    feed->fed += len;
    feed->stream.next_in = feed->in;
    feed->stream.avail_in = status ? 0 : (unsigned)len;
    return status;
}

/* Goes to a byte of the file, within what was read last if it is there. */
static void seek(struct feed *feed, uint64_t packed)
{
    size_t taken = feed->stream.next_in ? (size_t)(feed->stream.next_in - feed->in) : 0;
    uint64_t first = next_byte(feed) - taken;
    if (packed >= first && packed <= feed->fed) {
        feed->stream.next_in = feed->in + (packed - first);
        feed->stream.avail_in = (unsigned)(feed->fed - packed);
    } else {
        feed->fed = packed;
        feed->stream.next_in = feed->in;
        feed->stream.avail_in = 0;
    }
}

/* Takes one byte past zlib. */
static enum qn_status take_byte(struct feed *feed, uint8_t *byte, bool *more, struct qn_error *err)
{
    enum qn_status status = refill(feed, more, err);
    if (status || !*more)
        return status;
    *byte = *feed->stream.next_in++;
    feed->stream.avail_in--;
    return QN_OK;
}

/* After a member: passes zeros, which tapes and some programs fill up with, and readies zlib for
 * the next member. *more is false when none follows: at the end of the file, or of what is gzip. */
static enum qn_status next_member(struct feed *feed, bool *more, struct qn_error *err)
{
    static const uint8_t magic[2] = {0x1F, 0x8B};
    uint8_t bytes[2] = {0};
    uint64_t start;
    enum qn_status status;
    do {
        start = next_byte(feed);
        status = take_byte(feed, &bytes[0], more, err);
    } while (!status && *more && bytes[0] == 0);
    if (!status && *more)
        status = take_byte(feed, &bytes[1], more, err);
    *more = *more && !memcmp(bytes, magic, 2);
    seek(feed, start);
    if (!status && *more)
        inflateReset2(&feed->stream, GZIP);
    return status;
}

/* ---- the index ------------------------------------------------------------------------------ */

void qn_gzip_index_release(struct qn_gzip_index *index)
{
    for (size_t i = 0; i < index->count && !index->borrowed; i++)
        free((void *)index->points[i].bytes);
    free(index->points);
    *index = (struct qn_gzip_index){0};
}

static enum qn_status make_room(struct qn_gzip_index *index, size_t room, struct qn_error *err)
{
    struct qn_gzip_point *points = qn_sys.realloc(index->points, room * sizeof *points);
    if (!points)
        return qn_fail_memory(err, "an index of compressed data", room * sizeof *points);
    index->points = points;
    index->room = room;
    return QN_OK;
}

static enum qn_status add_point(struct qn_gzip_index *index, struct feed *feed,
                                struct qn_error *err)
{
    unsigned len = 0;
    enum qn_status status = QN_OK;
    if (index->count == index->room)
        status = make_room(index, index->room + index->room / 2 + 16, err);
    uint8_t *window = status ? NULL : qn_sys.malloc(QN_GZIP_WINDOW);
    if (!window || !index->points)
        return status ? status : qn_fail_memory(err, "an index of compressed data", QN_GZIP_WINDOW);
    inflateGetDictionary(&feed->stream, window, &len);
    index->points[index->count++] =
        (struct qn_gzip_point){.packed = next_byte(feed),
                               .unpacked = index->size,
                               .bits = (uint32_t)feed->stream.data_type & 7,
                               .window = len,
                               .bytes = window};
    return QN_OK;
}

/* Whether zlib stands at the start of a block of the stream. */
static bool at_block(const z_stream *stream)
{
    return (stream->data_type & 0xC0) == 0x80;
}

/* One pass over a file. */
struct pass {
    struct feed feed;
    struct qn_gzip_index *index;
    uint64_t spacing;
    uint8_t *out;
    struct qn_gzip_damage *damage;
    bool ended;
};

static void note_damage(struct pass *pass, const char *why)
{
    pass->ended = true;
    pass->damage->found = true;
    pass->damage->packed = next_byte(&pass->feed);
    snprintf(pass->damage->why, sizeof pass->damage->why, "%s", why);
}

/* Unpacks up to the end of a block, of the output or of the input. Also without `more` input there
 * may be output that had no room before. */
static enum qn_status advance(struct pass *pass, bool more, struct qn_error *err)
{
    z_stream *stream = &pass->feed.stream;
    struct qn_gzip_index *index = pass->index;
    stream->next_out = pass->out;
    stream->avail_out = OUT_BYTES;
    int result = inflate(stream, Z_BLOCK);
    index->size += OUT_BYTES - stream->avail_out;
    if (result == Z_STREAM_END) {
        enum qn_status status = next_member(&pass->feed, &more, err);
        pass->ended = !more;
        if (!status && !more && next_byte(&pass->feed) < pass->feed.file->size)
            note_damage(pass, "something follows that is no gzip");
        return status;
    }
    if (result == Z_MEM_ERROR)
        return qn_fail_memory(err, "unpacking", QN_GZIP_WINDOW);
    if (result != Z_OK && result != Z_BUF_ERROR)
        note_damage(pass, stream->msg ? stream->msg : "it needs a dictionary");
    else if (!more && stream->avail_out == OUT_BYTES)
        note_damage(pass, "it ends too early");
    const struct qn_gzip_point *last = index->count ? &index->points[index->count - 1] : NULL;
    bool far = !last || next_byte(&pass->feed) - last->packed >= pass->spacing;
    return !pass->ended && at_block(stream) && far ? add_point(index, &pass->feed, err) : QN_OK;
}

static enum qn_status run_pass(struct pass *pass, qn_gzip_tick *tick, void *context,
                               struct qn_error *err)
{
    while (!pass->ended) {
        bool more = true;
        enum qn_status status = QN_OK;
        if (pass->feed.stream.avail_in == 0)
            status = tick(context, pass->feed.fed, err);
        if (!status)
            status = refill(&pass->feed, &more, err);
        if (!status)
            status = advance(pass, more, err);
        if (status)
            return status;
    }
    return QN_OK;
}

enum qn_status qn_gzip_index_build(struct qn_gzip_index *index, const struct qn_gzip_file *file,
                                   uint64_t spacing, qn_gzip_tick *tick, void *context,
                                   struct qn_gzip_damage *damage, struct qn_error *err)
{
    struct pass pass = {.index = index,
                        .spacing = spacing > LEAST ? spacing : LEAST,
                        .out = qn_sys.malloc(OUT_BYTES),
                        .damage = damage};
    *index = (struct qn_gzip_index){0};
    *damage = (struct qn_gzip_damage){0};
    enum qn_status status = feed_init(&pass.feed, file, err);
    if (!status && !pass.out)
        status = qn_fail_memory(err, "unpacking", OUT_BYTES);
    if (!status)
        status = run_pass(&pass, tick, context, err);
    feed_release(&pass.feed);
    free(pass.out);
    if (status)
        qn_gzip_index_release(index);
    return status;
}

void qn_gzip_index_encode(const struct qn_gzip_index *index, struct qn_buf *buf)
{
    qn_buf_u64(buf, index->size);
    qn_buf_u64(buf, index->count);
    for (size_t i = 0; i < index->count; i++) {
        const struct qn_gzip_point *point = &index->points[i];
        qn_buf_u64(buf, point->packed);
        qn_buf_u64(buf, point->unpacked);
        qn_buf_u32(buf, point->bits);
        qn_buf_u32(buf, point->window);
        qn_buf_append(buf, point->bytes, point->window);
    }
}

enum qn_status qn_gzip_index_decode(struct qn_cursor *cursor, struct qn_gzip_index *index,
                                    struct qn_error *err)
{
    *index = (struct qn_gzip_index){.size = qn_cursor_u64(cursor), .borrowed = true};
    uint64_t count = qn_cursor_u64(cursor);
    bool sound = !cursor->failed && count <= cursor->len / POINT_BYTES;
    enum qn_status status = sound && count ? make_room(index, (size_t)count, err) : QN_OK;
    while (index->count < count && sound && !status) {
        struct qn_gzip_point *point = &index->points[index->count++];
        point->packed = qn_cursor_u64(cursor);
        point->unpacked = qn_cursor_u64(cursor);
        point->bits = qn_cursor_u32(cursor);
        point->window = qn_cursor_u32(cursor);
        point->bytes = qn_cursor_bytes(cursor, point->window);
        sound = !cursor->failed && point->bits < 8 && point->window <= QN_GZIP_WINDOW &&
                point->unpacked >= (index->count > 1 ? point[-1].unpacked : 0);
    }
    sound = sound && (count == 0 ? index->size == 0 : !status && index->points[0].unpacked == 0);
    if (!status && !sound)
        status = qn_fail(err, QN_ERR_CORRUPT, "the plan's index of compressed data is damaged.");
    return status;
}

/* ---- a reader ------------------------------------------------------------------------------- */

struct qn_gzip {
    struct feed feed;
    const struct qn_gzip_index *index;
    bool bare;       /* zlib reads a bare stream: it was started at a point */
    uint64_t at;     /* content unpacked up to here */
    uint64_t since;  /* and from here on without a gap */
    uint8_t *memory; /* byte i of the content at i % room */
    size_t room;
};

void qn_gzip_close(struct qn_gzip *gzip)
{
    if (!gzip)
        return;
    feed_release(&gzip->feed);
    free(gzip->memory);
    free(gzip);
}

enum qn_status qn_gzip_open(struct qn_gzip **out, const struct qn_gzip_file *file,
                            const struct qn_gzip_index *index, size_t memory, struct qn_error *err)
{
    *out = NULL;
    struct qn_gzip *gzip = qn_sys.calloc(1, sizeof *gzip);
    if (!gzip)
        return qn_fail_memory(err, "unpacking", sizeof *gzip);
    gzip->index = index;
    gzip->room = memory > LEAST ? memory : LEAST;
    gzip->memory = qn_sys.malloc(gzip->room);
    enum qn_status status = gzip->memory ? QN_OK : qn_fail_memory(err, "unpacking", gzip->room);
    if (!status)
        status = feed_init(&gzip->feed, file, err);
    if (status)
        qn_gzip_close(gzip);
    else
        *out = gzip;
    return status;
}

static enum qn_status changed(const struct qn_gzip *gzip, struct qn_error *err)
{
    const struct qn_gzip_file *file = gzip->feed.file;
    const char *why = gzip->feed.stream.msg;
    return qn_fail_at(err, QN_ERR_CHANGED, file->name, (int64_t)next_byte(&gzip->feed),
                      "'%s' does not unpack at byte %llu any more (%s): it has changed since the "
                      "import was planned. Put the planned file back, or start anew with "
                      "--restart.",
                      file->name, (unsigned long long)next_byte(&gzip->feed),
                      why ? why : "it ends too early");
}

/* The last point at or before `offset`; the first of an index is that of byte 0. */
static const struct qn_gzip_point *find_point(const struct qn_gzip_index *index, uint64_t offset)
{
    size_t low = 0, high = index->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        *(index->points[middle].unpacked <= offset ? &low : &high) = middle;
    }
    return &index->points[low];
}

static enum qn_status start_at(struct qn_gzip *gzip, const struct qn_gzip_point *point,
                               struct qn_error *err)
{
    struct feed *feed = &gzip->feed;
    enum qn_status status = QN_OK;
    seek(feed, point->packed - (point->bits > 0));
    inflateReset2(&feed->stream, BARE);
    if (point->bits > 0) {
        uint8_t byte = 0;
        bool more;
        status = take_byte(feed, &byte, &more, err);
        inflatePrime(&feed->stream, (int)point->bits, byte >> (8 - point->bits));
    }
    if (point->window > 0)
        inflateSetDictionary(&feed->stream, point->bytes, point->window);
    gzip->bare = true;
    gzip->at = gzip->since = point->unpacked;
    return status;
}

/* A member has ended before the content does. */
static enum qn_status pass_end(struct qn_gzip *gzip, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    bool more = true;
    uint8_t byte;
    for (unsigned i = 0; i < TRAILER_BYTES && gzip->bare && more && !status; i++)
        status = take_byte(&gzip->feed, &byte, &more, err);
    if (!status && more)
        status = next_member(&gzip->feed, &more, err);
    gzip->bare = false;
    return status || more ? status : changed(gzip, err);
}

/* Unpacks some more into the memory. */
static enum qn_status unpack(struct qn_gzip *gzip, struct qn_error *err)
{
    z_stream *stream = &gzip->feed.stream;
    uint64_t left = gzip->index->size - gzip->at;
    size_t place = (size_t)(gzip->at % gzip->room);
    size_t len = gzip->room - place;
    bool more;
    len = len < OUT_BYTES ? len : OUT_BYTES;
    len = left < len ? (size_t)left : len;
    enum qn_status status = refill(&gzip->feed, &more, err);
    if (status)
        return status;
    stream->next_out = gzip->memory + place;
    stream->avail_out = (unsigned)len;
    int result = inflate(stream, Z_NO_FLUSH);
    gzip->at += len - stream->avail_out;
    if (result == Z_STREAM_END && gzip->at < gzip->index->size)
        return pass_end(gzip, err);
    /* The content of a damaged file ends where it does not unpack. */
    bool good = result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR;
    return (good && more) || stream->avail_out < len ? QN_OK : changed(gzip, err);
}

/* The first byte of the content that is still in memory. */
static uint64_t kept_from(const struct qn_gzip *gzip)
{
    uint64_t oldest = gzip->at > gzip->room ? gzip->at - gzip->room : 0;
    return oldest > gzip->since ? oldest : gzip->since;
}

/* Gets byte `offset` into memory. */
static enum qn_status reach(struct qn_gzip *gzip, uint64_t offset, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    const struct qn_gzip_point *point = find_point(gzip->index, offset);
    if (gzip->at == 0 || offset < kept_from(gzip) || point->unpacked > gzip->at)
        status = start_at(gzip, point, err);
    while (gzip->at <= offset && !status)
        status = unpack(gzip, err);
    return status;
}

enum qn_status qn_gzip_read(struct qn_gzip *gzip, uint64_t offset, void *bytes, size_t len,
                            struct qn_error *err)
{
    uint8_t *to = bytes;
    if (len == 0)
        return QN_OK;
    if (offset > gzip->index->size || len > gzip->index->size - offset)
        return qn_fail_at(err, QN_ERR_INPUT, gzip->feed.file->name, -1,
                          "'%s' holds %llu bytes unpacked, and %zu are wanted at byte %llu.",
                          gzip->feed.file->name, (unsigned long long)gzip->index->size, len,
                          (unsigned long long)offset);
    while (len > 0) {
        if (offset < kept_from(gzip) || offset >= gzip->at) {
            enum qn_status status = reach(gzip, offset, err);
            if (status) {
                gzip->at = gzip->since = 0; /* starts anew the next time */
                return status;
            }
        }
        size_t place = (size_t)(offset % gzip->room);
        size_t now = gzip->room - place;
        now = gzip->at - offset < now ? (size_t)(gzip->at - offset) : now;
        now = len < now ? len : now;
        memcpy(to, gzip->memory + place, now);
        to += now;
        offset += now;
        len -= now;
    }
    return QN_OK;
}
