/* Scanning a chunk: pages out of the file, levels and values out of pages, a stretch at a time.
 * See reader.h. In memory are one page, one dictionary and one stretch. */
#include "base/sys.h"
#include "format/parquet/codec.h"
#include "format/parquet/decode.h"
#include "format/parquet/file.h"
#include "format/parquet/header.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STRETCH     4096u
#define STRETCH_MAX (4u << 20)   /* bytes of values of fixed width in a stretch, at most about */
#define WINDOW      (256u << 10) /* bytes read from the file at once, at least */
#define MAX_HEADER  (16u << 20)  /* page headers hold statistics of any length */
/* Before PARQUET-816 sizes of chunks left out the dictionary page's header. */
#define FORGOTTEN_HEADER 100u

struct levels { /* of the page at hand */
    bool packed;
    unsigned width;
    struct pq_hybrid hybrid;
    const uint8_t *bits; /* BIT_PACKED */
    size_t bits_len;
    uint64_t taken;
};

struct qn_parquet_scan {
    struct qn_parquet_file *file;
    const struct qn_parquet_node *leaf;
    struct qn_parquet_chunk chunk;
    char path[256];
    uint64_t at;           /* of the next page, in the file */
    uint64_t end;          /* no page reaches beyond */
    uint64_t left;         /* entries that the chunk has left */
    uint64_t left_of_page; /* and the page at hand */
    uint64_t pages;        /* data pages so far */
    uint64_t rows;         /* records begun so far, of a column with repetition levels */
    uint64_t group_rows;
    struct qn_parquet_page page;
    struct qn_buf header; /* of the page at hand */
    struct qn_buf window; /* file bytes window_at ... */
    uint64_t window_at;
    struct qn_buf body;       /* the page at hand, unpacked */
    struct qn_buf dict_bytes; /* the dictionary, likewise */
    struct qn_buf dict_texts;
    struct qn_parquet_dictionary dictionary;
    bool has_dictionary;
    struct levels def, rep;
    struct pq_values values;
    struct pq_unpacker unpacker;
    size_t stretch; /* entries of a batch */
    uint8_t *levels_room;
    uint8_t *fixed_room;
    struct qn_parquet_text *texts_room;
    uint32_t *ids_room;
    bool lenient;
};

static enum qn_status damaged(const struct qn_parquet_scan *scan, struct qn_error *err,
                              uint64_t offset, const char *what)
{
    return pq_corrupt(scan->file, err, (int64_t)offset,
                      "a page of column '%s' at byte %" PRIu64 " %s", scan->path, offset, what);
}

static enum qn_status too_large(const struct qn_parquet_scan *scan, struct qn_error *err,
                                const char *what)
{
    return qn_fail_at(err, QN_ERR_UNSUPPORTED, scan->file->source.name, (int64_t)scan->page.offset,
                      "a page of column '%s' of %s at byte %" PRIu64 " %s, which is %" PRIu64
                      " bytes.",
                      scan->path, scan->file->source.name, scan->page.offset, what,
                      scan->file->limits.page_bytes);
}

/* ---- bytes of the file ---------------------------------------------------------------------- */

/* The window holds the bytes from `offset` on: at least `len`, fewer only where the chunk ends. */
static enum qn_status look(struct qn_parquet_scan *scan, uint64_t offset, size_t len,
                           const uint8_t **bytes, size_t *available, struct qn_error *err)
{
    struct qn_buf *window = &scan->window;
    bool inside = offset >= scan->window_at && offset - scan->window_at <= window->len;
    size_t have = inside ? window->len - (size_t)(offset - scan->window_at) : 0;
    uint64_t rest = scan->end - offset;
    if (have < len && have < rest) {
        size_t want = len > WINDOW ? len : WINDOW;
        want = want > rest ? (size_t)rest : want;
        if (inside && have > 0)
            memmove(window->data, window->data + (window->len - have), have);
        window->len = have;
        uint8_t *to = qn_buf_reserve(window, want - have + PQ_SLACK);
        if (!to)
            return qn_fail_memory(err, "a page", want);
        const struct qn_parquet_source *source = &scan->file->source;
        enum qn_status status =
            source->read_at(source->context, offset + have, to, want - have, err);
        if (status)
            return status;
        window->len = want;
        scan->window_at = offset;
        have = want;
    }
    *bytes = window->data + (offset - scan->window_at);
    *available = have;
    return QN_OK;
}

/* ---- pages ---------------------------------------------------------------------------------- */

static enum qn_status read_header(struct qn_parquet_scan *scan, struct pq_header *header,
                                  struct qn_error *err)
{
    const uint8_t *bytes = NULL;
    size_t available = 0, want = 1024;
    for (;; want *= 8) {
        enum qn_status status = look(scan, scan->at, want, &bytes, &available, err);
        if (status)
            return status;
        enum pq_header_state state = pq_get_header(bytes, available, header);
        if (state == PQ_HEADER_WHOLE)
            break;
        if (state == PQ_HEADER_WRONG || available < want || want > MAX_HEADER)
            return damaged(scan, err, scan->at, "has a wrong header");
    }
    /* Statistics point into the header's bytes, which leave the window before the page ends. */
    size_t len = header->page.header_bytes;
    qn_buf_clear(&scan->header);
    qn_buf_append(&scan->header, bytes, len);
    if (scan->header.failed)
        return qn_fail_memory(err, "a page header", len);
    pq_get_header(scan->header.data, len, header);
    header->page.number = scan->pages;
    header->page.offset = scan->at;
    if (header->stored_len > scan->end - scan->at - header->page.header_bytes)
        return damaged(scan, err, scan->at, "reaches past the end of its column");
    header->page.bytes = header->page.header_bytes + header->stored_len;
    scan->page = header->page;
    if (header->page.raw_len > scan->file->limits.page_bytes ||
        header->stored_len > scan->file->limits.page_bytes)
        return too_large(scan, err, "is larger than the limit");
    return QN_OK;
}

/* The page's bytes unpacked, in `body`. Levels of a version 2 page stand before its values and are
 * never packed. */
static enum qn_status unpack(struct qn_parquet_scan *scan, const struct pq_header *header,
                             const uint8_t *stored, struct qn_buf *body, struct qn_error *err)
{
    const struct qn_parquet_page *page = &header->page;
    size_t plain = page->kind == PQ_DATA_PAGE_V2 ? (size_t)header->def_len + header->rep_len : 0;
    bool packed = scan->chunk.codec != PQ_UNCOMPRESSED && header->packed;
    if (plain > header->stored_len || plain > page->raw_len)
        return damaged(scan, err, page->offset, "is shorter than its levels");
    if (!packed && page->raw_len != header->stored_len)
        return damaged(scan, err, page->offset, "has two sizes");
    qn_buf_clear(body);
    uint8_t *to = qn_buf_reserve(body, (size_t)page->raw_len + PQ_SLACK);
    if (!to)
        return qn_fail_memory(err, "a page", page->raw_len);
    memset(to + page->raw_len, 0, PQ_SLACK);
    body->len = page->raw_len;
    if (!packed)
        plain = header->stored_len;
    if (plain > 0)
        memcpy(to, stored, plain);
    if (!packed || (header->stored_len == plain && page->raw_len == plain))
        return QN_OK;
    const char *problem = NULL;
    if (header->stored_len > plain)
        problem = pq_unpack(&scan->unpacker, scan->chunk.codec, stored + plain,
                            header->stored_len - plain, to + plain, page->raw_len - plain);
    else
        problem = "holds nothing where it should hold values";
    return problem ? damaged(scan, err, page->offset, problem) : QN_OK;
}

/* The next page of any kind, checked and unpacked into `body` or the dictionary. */
static enum qn_status next_page(struct qn_parquet_scan *scan, struct pq_header *header,
                                struct qn_error *err)
{
    const uint8_t *bytes = NULL;
    size_t available = 0;
    enum qn_status status = read_header(scan, header, err);
    if (!status)
        status = look(scan, scan->at, header->page.bytes, &bytes, &available, err);
    if (status)
        return status;
    if (!bytes || available < header->page.bytes)
        return damaged(scan, err, scan->at, "reaches past the end of its column");
    const uint8_t *stored = bytes + header->page.header_bytes;
    if (header->page.has_crc && pq_page_crc(stored, header->stored_len) != header->crc) {
        if (!scan->lenient)
            return damaged(scan, err, scan->at, "has a wrong checksum");
        header->page.crc_wrong = scan->page.crc_wrong = true;
    }
    bool dictionary = header->page.kind == PQ_DICTIONARY_PAGE;
    if (header->page.kind != PQ_INDEX_PAGE)
        status = unpack(scan, header, stored, dictionary ? &scan->dict_bytes : &scan->body, err);
    scan->at += header->page.bytes;
    return status;
}

static enum qn_status take_dictionary(struct qn_parquet_scan *scan, const struct pq_header *header,
                                      struct qn_error *err)
{
    const struct qn_parquet_page *page = &header->page;
    size_t width = qn_parquet_width(scan->leaf);
    uint32_t count = page->entries;
    if (scan->has_dictionary)
        return damaged(scan, err, page->offset, "is a second dictionary");
    if (page->coding != PQ_PLAIN && page->coding != PQ_PLAIN_DICTIONARY)
        return damaged(scan, err, page->offset, "is a dictionary in an encoding that is not legal");
    if (scan->leaf->physical == PQ_BOOLEAN || count > scan->dict_bytes.len / (width ? width : 4))
        return damaged(scan, err, page->offset, "is a dictionary with fewer values than it says");
    scan->has_dictionary = true;
    scan->dictionary = (struct qn_parquet_dictionary){.count = count, .page = *page};
    scan->dictionary.fixed = scan->dict_bytes.data;
    if (width > 0)
        return QN_OK;
    qn_buf_clear(&scan->dict_texts);
    struct qn_parquet_text *texts = (struct qn_parquet_text *)(void *)qn_buf_reserve(
        &scan->dict_texts, (count + 1) * sizeof *texts);
    if (!texts)
        return qn_fail_memory(err, "a dictionary", count * sizeof *texts);
    struct pq_values plain = {.coding = PQ_PLAIN, .physical = PQ_BYTE_ARRAY};
    pq_values_start(&plain, scan->dict_bytes.data, scan->dict_bytes.len);
    if (!pq_values_take(&plain, count, NULL, texts, NULL))
        return damaged(scan, err, page->offset, "is a dictionary that ends before its values do");
    scan->dictionary.texts = texts;
    return QN_OK;
}

/* ---- levels --------------------------------------------------------------------------------- */

/* Sets up the levels at the front of the body of a version 1 page; false if they are cut off. */
static bool start_levels_v1(struct levels *levels, enum pq_coding coding, unsigned max,
                            uint32_t entries, const uint8_t **at, const uint8_t *end)
{
    size_t there = (size_t)(end - *at);
    levels->width = max ? 32u - (unsigned)__builtin_clz(max) : 0;
    levels->taken = 0;
    levels->packed = coding == PQ_BIT_PACKED;
    if (max == 0)
        return true;
    if (levels->packed) {
        levels->bits = *at;
        levels->bits_len = ((uint64_t)entries * levels->width + 7) / 8;
        if (levels->bits_len > there)
            return false;
        *at += levels->bits_len;
        return true;
    }
    uint32_t len = 0;
    if (there < sizeof len)
        return false;
    memcpy(&len, *at, sizeof len);
    if (len > there - sizeof len)
        return false;
    pq_hybrid_start(&levels->hybrid, *at + sizeof len, len, levels->width);
    *at += sizeof len + len;
    return true;
}

static void start_levels_v2(struct levels *levels, unsigned max, size_t len, const uint8_t **at)
{
    levels->width = max ? 32u - (unsigned)__builtin_clz(max) : 0;
    levels->packed = false;
    pq_hybrid_start(&levels->hybrid, *at, len, levels->width);
    *at += len;
}

static bool take_levels(struct levels *levels, unsigned max, uint8_t *to, size_t n)
{
    bool whole = levels->packed ? pq_take_bits(levels->bits, levels->bits_len, levels->width,
                                               levels->taken, to, n)
                                : pq_hybrid_take_u8(&levels->hybrid, to, n);
    levels->taken += n;
    uint8_t highest = 0;
    for (size_t i = 0; i < n; i++)
        highest = to[i] > highest ? to[i] : highest;
    return whole && highest <= max;
}

/* ---- data pages ----------------------------------------------------------------------------- */

static bool level_coding_known(enum pq_coding coding)
{
    return coding == PQ_RLE || coding == PQ_BIT_PACKED;
}

static enum qn_status start_data(struct qn_parquet_scan *scan, const struct pq_header *header,
                                 struct qn_error *err)
{
    const struct qn_parquet_page *page = &header->page;
    const uint8_t *at = scan->body.data;
    const uint8_t *end = at + scan->body.len;
    const struct qn_parquet_node *leaf = scan->leaf;
    bool whole = true;
    if (page->entries > scan->left)
        return damaged(scan, err, page->offset, "holds more values than its column has left");
    if (page->kind == PQ_DATA_PAGE_V2) {
        start_levels_v2(&scan->rep, leaf->max_rep, header->rep_len, &at);
        start_levels_v2(&scan->def, leaf->max_def, header->def_len, &at);
    } else {
        if ((leaf->max_rep && !level_coding_known(page->rep_coding)) ||
            (leaf->max_def && !level_coding_known(page->def_coding)))
            return damaged(scan, err, page->offset, "has levels in an encoding that is not legal");
        whole =
            start_levels_v1(&scan->rep, page->rep_coding, leaf->max_rep, page->entries, &at, end) &&
            start_levels_v1(&scan->def, page->def_coding, leaf->max_def, page->entries, &at, end);
    }
    if (!whole)
        return damaged(scan, err, page->offset, "ends within its levels");
    if (!pq_coding_fits(page->coding, leaf->physical))
        return qn_fail_at(
            err, page->coding > PQ_BYTE_STREAM_SPLIT ? QN_ERR_UNSUPPORTED : QN_ERR_CORRUPT,
            scan->file->source.name, (int64_t)page->offset,
            "a page of column '%s' of %s at byte %" PRIu64
            " is in encoding %d (%s), which is not legal for %s.",
            scan->path, scan->file->source.name, page->offset, (int)page->coding,
            qn_parquet_coding_name((int)page->coding), qn_parquet_physical_name(leaf->physical));
    scan->values.coding = page->coding;
    scan->left_of_page = page->entries;
    scan->left -= page->entries;
    scan->pages++;
    if (!pq_values_start(&scan->values, at, (size_t)(end - at)))
        return damaged(scan, err, page->offset, scan->values.problem);
    return QN_OK;
}

/* The next data page with entries; at the end of the chunk left_of_page stays 0. */
static enum qn_status next_data_page(struct qn_parquet_scan *scan, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    while (!status && scan->left_of_page == 0 && scan->left > 0) {
        struct pq_header header;
        if (scan->at >= scan->end)
            return damaged(scan, err, scan->at, "is missing: the column ends before its values do");
        status = next_page(scan, &header, err);
        if (status)
            return status;
        if (header.page.kind == PQ_DICTIONARY_PAGE)
            status = take_dictionary(scan, &header, err);
        else if (header.page.kind == PQ_DATA_PAGE || header.page.kind == PQ_DATA_PAGE_V2)
            status = start_data(scan, &header, err);
    }
    return status;
}

static size_t count_equal(const uint8_t *levels, size_t n, uint8_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += levels[i] == max;
    return count;
}

/* Entries at level 0 begin records: a column begins with one, and has as many as its group. */
static enum qn_status count_rows(struct qn_parquet_scan *scan, const uint8_t *rep, size_t n,
                                 struct qn_error *err)
{
    if (scan->rows == 0 && rep[0] != 0)
        return damaged(scan, err, scan->page.offset, "begins in the middle of a record");
    scan->rows += count_equal(rep, n, 0);
    bool last = scan->left == 0 && scan->left_of_page == n;
    if (scan->rows > scan->group_rows || (last && scan->rows != scan->group_rows))
        return damaged(scan, err, scan->page.offset,
                       "brings the column to another number of rows "
                       "than its group");
    return QN_OK;
}

enum qn_status qn_parquet_scan_next(struct qn_parquet_scan *scan, struct qn_parquet_batch *batch,
                                    struct qn_error *err)
{
    const struct qn_parquet_node *leaf = scan->leaf;
    *batch = (struct qn_parquet_batch){.page = &scan->page};
    enum qn_status status = next_data_page(scan, err);
    if (status || scan->left_of_page == 0)
        return status;
    size_t n = scan->left_of_page < scan->stretch ? (size_t)scan->left_of_page : scan->stretch;
    uint8_t *rep = scan->levels_room, *def = scan->levels_room + scan->stretch;
    if ((leaf->max_rep && !take_levels(&scan->rep, leaf->max_rep, rep, n)) ||
        (leaf->max_def && !take_levels(&scan->def, leaf->max_def, def, n)))
        return damaged(scan, err, scan->page.offset, "has wrong levels");
    status = leaf->max_rep ? count_rows(scan, rep, n, err) : QN_OK;
    if (status)
        return status;
    size_t values = leaf->max_def ? count_equal(def, n, leaf->max_def) : n;
    if (!pq_values_take(&scan->values, values, scan->fixed_room, scan->texts_room, scan->ids_room))
        return scan->values.over_limit
                   ? too_large(scan, err, "unfolds to more than the limit")
                   : damaged(scan, err, scan->page.offset, scan->values.problem);
    bool by_id = scan->page.coding == PQ_RLE_DICTIONARY || scan->page.coding == PQ_PLAIN_DICTIONARY;
    scan->left_of_page -= n;
    batch->count = n;
    batch->values = values;
    batch->def = leaf->max_def ? def : NULL;
    batch->rep = leaf->max_rep ? rep : NULL;
    batch->fixed = scan->texts_room ? NULL : scan->fixed_room;
    batch->texts = scan->texts_room;
    batch->ids = by_id ? scan->ids_room : NULL;
    batch->page_ends = scan->left_of_page == 0;
    return QN_OK;
}

/* ---- opening -------------------------------------------------------------------------------- */

static enum qn_status make_room(struct qn_parquet_scan *scan, struct qn_error *err)
{
    size_t width = qn_parquet_width(scan->leaf);
    scan->stretch = STRETCH;
    while (width > 0 && scan->stretch > 1 && scan->stretch * width > STRETCH_MAX)
        scan->stretch /= 2;
    size_t values = scan->stretch * (width ? width : 1) + PQ_SLACK;
    scan->levels_room = qn_sys.malloc(2 * scan->stretch);
    scan->ids_room = qn_sys.malloc(scan->stretch * sizeof *scan->ids_room);
    if (width > 0)
        scan->fixed_room = qn_sys.malloc(values);
    else
        scan->texts_room = qn_sys.malloc(scan->stretch * sizeof *scan->texts_room);
    if (!scan->levels_room || !scan->ids_room || (!scan->fixed_room && !scan->texts_room))
        return qn_fail_memory(err, "a column", values);
    return QN_OK;
}

/* Where the chunk's pages may lie: what it says, and a bit for writers that forget a header. */
static void set_extent(struct qn_parquet_scan *scan)
{
    const struct qn_parquet_file *file = scan->file;
    scan->at = (uint64_t)qn_parquet_chunk_start(&scan->chunk);
    scan->end = scan->at + (uint64_t)scan->chunk.stored_bytes + FORGOTTEN_HEADER;
    if (scan->end > file->footer_at && file->footer_at >= scan->at)
        scan->end = file->footer_at;
    else if (scan->end > file->source.size)
        scan->end = file->source.size;
    scan->left = (uint64_t)scan->chunk.values;
    scan->window_at = scan->at;
}

enum qn_status qn_parquet_scan_open(struct qn_parquet_scan **out, struct qn_parquet_file *file,
                                    size_t group, size_t leaf, struct qn_error *err)
{
    struct qn_parquet_scan *scan = *out = qn_sys.calloc(1, sizeof *scan);
    if (!scan)
        return qn_fail_memory(err, "a column", sizeof *scan);
    scan->file = file;
    scan->leaf = qn_parquet_leaf(file, leaf);
    scan->lenient = file->trust == QN_PARQUET_LENIENT;
    qn_parquet_leaf_path(file, leaf, scan->path, sizeof scan->path);
    enum qn_status status = qn_parquet_chunk(file, group, leaf, &scan->chunk, err);
    if (!status)
        status = pq_check_chunk(file, group, leaf, &scan->chunk, err);
    if (!status)
        status = make_room(scan, err);
    if (status) {
        qn_parquet_scan_close(scan);
        *out = NULL;
        return status;
    }
    if (scan->chunk.values > 0)
        set_extent(scan);
    scan->group_rows = file->groups[group].rows;
    scan->values.physical = scan->leaf->physical;
    scan->values.width = qn_parquet_width(scan->leaf);
    scan->values.dictionary = &scan->dictionary;
    scan->values.unfolded_limit = file->limits.page_bytes;
    return QN_OK;
}

void qn_parquet_scan_close(struct qn_parquet_scan *scan)
{
    if (!scan)
        return;
    qn_buf_release(&scan->header);
    qn_buf_release(&scan->window);
    qn_buf_release(&scan->body);
    qn_buf_release(&scan->dict_bytes);
    qn_buf_release(&scan->dict_texts);
    pq_values_release(&scan->values);
    pq_unpacker_release(&scan->unpacker);
    free(scan->levels_room);
    free(scan->fixed_room);
    free(scan->texts_room);
    free(scan->ids_room);
    free(scan);
}

const struct qn_parquet_dictionary *qn_parquet_scan_dictionary(const struct qn_parquet_scan *scan)
{
    return &scan->dictionary;
}

uint64_t qn_parquet_scan_at(const struct qn_parquet_scan *scan)
{
    return scan->at;
}
