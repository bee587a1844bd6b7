/* The texts inside of input files: see members.h. */
#include "pipelines/ercot/members.h"

#include "base/io.h"
#include "base/listing.h"
#include "base/sys.h"
#include "format/xlsx.h"
#include "format/zip.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER_LIMIT ((uint64_t)1 << 36)   /* of unpacked bytes; see also ratio_limit */
#define NESTED_LIMIT ((uint64_t)256 << 20) /* of an archive inside another, held in memory */
enum { DEPTH = 4, PATH_ROOM = 2048, HEAD = 4 };

static enum qn_status find_in(const char *path, const struct er_finder *finder,
                              struct qn_error *err)
{
    struct qn_listing listing;
    enum qn_status status = qn_listing_open(&listing, path, err);
    while (qn_listing_next(&listing, &status, err))
        if (listing.name[0] != '.')
            status = er_find_files(listing.path, finder, err);
    qn_listing_close(&listing);
    return status;
}

enum qn_status er_find_files(const char *path, const struct er_finder *finder, struct qn_error *err)
{
    struct stat st;
    if (qn_sys.stat(path, &st) < 0)
        return qn_fail_errno(err, errno, "read", path);
    if (S_ISDIR(st.st_mode))
        return find_in(path, finder, err);
    return S_ISREG(st.st_mode) ? finder->take(finder->context, path, &st, err) : QN_OK;
}

enum er_reason er_reason_of(enum qn_status status)
{
    return status == QN_ERR_UNSUPPORTED ? ER_FILE_ENCRYPTED : ER_FILE_DAMAGED;
}

/* What fails because of the input is refused; all else (memory, I/O) stops. */
static bool is_inputs_fault(enum qn_status status)
{
    return status == QN_ERR_INPUT || status == QN_ERR_UNSUPPORTED;
}

struct walk {
    const char *path;
    const struct er_visitor *visitor;
    char member[PATH_ROOM];
    unsigned depth;
    uint64_t *at;  /* see er_leaf */
    uint64_t left; /* bytes that may still come out of what is packed, at whatever depth */
};

static enum qn_status refuse(struct walk *walk, enum qn_status status, const struct qn_error *why,
                             struct qn_error *err)
{
    if (!is_inputs_fault(status)) {
        if (err)
            *err = *why;
        return status;
    }
    return walk->visitor->refused(walk->visitor->context, walk->path, walk->member,
                                  er_reason_of(status), why->message, err);
}

/* More than 250 bytes out of one is no table. */
static uint64_t unpacked_limit(uint64_t packed)
{
    const uint64_t some = (uint64_t)64 << 20;
    return packed < (UINT64_MAX - some) / 250 ? packed * 250 + some : UINT64_MAX;
}

/* Counts what came out of an archive. The limit is that of the file as a whole: archives in
 * archives multiply. */
static enum qn_status spend(struct walk *walk, size_t bytes, struct qn_error *err)
{
    if (bytes <= walk->left) {
        walk->left -= bytes;
        return QN_OK;
    }
    walk->left = 0;
    return qn_fail_at(err, QN_ERR_INPUT, walk->path, -1,
                      "'%s' unpacks to more than 250 bytes for each of its own. It may be a bomb.",
                      walk->path);
}

/* The first bytes, which tell what it is; fewer only if there are no more. */
static enum qn_status read_head(const struct qn_stream *stream, uint8_t head[HEAD], size_t *len,
                                struct qn_error *err)
{
    enum qn_status status = QN_OK;
    size_t got = 1;
    for (*len = 0; !status && *len < HEAD && got > 0; *len += got) {
        got = 0;
        status = stream->read(stream->context, head + *len, HEAD - *len, &got, err);
    }
    return status;
}

/* A stream of what was packed, whose first bytes were looked at. */
struct peeked {
    struct walk *walk;
    struct qn_stream rest;
    uint8_t head[HEAD];
    size_t len;
    size_t at;
};

static enum qn_status read_peeked(void *context, void *bytes, size_t len, size_t *got,
                                  struct qn_error *err)
{
    struct peeked *peeked = context;
    size_t left = peeked->len - peeked->at;
    size_t given = left < len ? left : len;
    memcpy(bytes, peeked->head + peeked->at, given);
    peeked->at += given;
    *got = given;
    if (given == len)
        return QN_OK;
    size_t more;
    enum qn_status status =
        peeked->rest.read(peeked->rest.context, (uint8_t *)bytes + given, len - given, &more, err);
    *got = given + more;
    return status ? status : spend(peeked->walk, more, err);
}

static enum qn_status peek(struct walk *walk, struct peeked *peeked, const struct qn_stream *stream,
                           struct qn_error *err)
{
    *peeked = (struct peeked){.walk = walk, .rest = *stream};
    return read_head(stream, peeked->head, &peeked->len, err);
}

static bool is_zip(const uint8_t *head, size_t len)
{
    return len >= 4 && head[0] == 'P' && head[1] == 'K' &&
           ((head[2] == 3 && head[3] == 4) || (head[2] == 5 && head[3] == 6));
}

static bool is_gzip(const uint8_t *head, size_t len)
{
    return len >= 2 && head[0] == 0x1f && head[1] == 0x8b;
}

static enum qn_status visit_stream(struct walk *walk, const struct qn_stream *stream,
                                   struct qn_error *err);

static enum qn_status visit_leaf(struct walk *walk, const struct qn_stream *stream,
                                 struct qn_error *err)
{
    struct er_leaf leaf = {walk->path, walk->member, *stream, walk->at};
    return walk->visitor->leaf(walk->visitor->context, &leaf, err);
}

/* ---- gzip ----------------------------------------------------------------------------------- */

static enum qn_status inflate_read(void *context, void *bytes, size_t len, size_t *got,
                                   struct qn_error *err)
{
    return qn_inflate_read(context, bytes, len, got, err);
}

static enum qn_status visit_gzip(struct walk *walk, const struct qn_stream *packed,
                                 struct qn_error *err)
{
    struct qn_inflate *inflate;
    enum qn_status status = qn_inflate_new(&inflate, QN_INFLATE_GZIP, packed, walk->path, err);
    if (status)
        return status;
    struct qn_stream plain = {inflate, inflate_read};
    walk->depth++;
    status = visit_stream(walk, &plain, err);
    walk->depth--;
    qn_inflate_free(inflate);
    return status;
}

/* ---- zip ------------------------------------------------------------------------------------ */

static enum qn_status member_read(void *context, void *bytes, size_t len, size_t *got,
                                  struct qn_error *err)
{
    return qn_zip_member_read(context, bytes, len, got, err);
}

static uint64_t ratio_limit(const struct qn_zip_entry *entry, uint64_t archive)
{
    uint64_t packed = entry->packed < archive && entry->packed > 0 ? entry->packed : archive;
    uint64_t limit = unpacked_limit(packed);
    return limit < MEMBER_LIMIT ? limit : MEMBER_LIMIT;
}

static enum qn_status visit_entry(struct walk *walk, const struct qn_zip *zip, size_t i,
                                  uint64_t archive, struct qn_error *err)
{
    const struct qn_zip_entry *entry = qn_zip_at(zip, i);
    struct qn_zip_member *member = NULL;
    struct qn_error why;
    size_t len = strlen(entry->name);
    size_t place = strlen(walk->member);
    if (len == 0 || entry->name[len - 1] == '/') /* a folder */
        return QN_OK;
    snprintf(walk->member + place, PATH_ROOM - place, "%s%s", place ? "!" : "", entry->name);
    enum qn_status status = qn_zip_member_open(&member, zip, i, ratio_limit(entry, archive), &why);
    if (status) {
        status = refuse(walk, status, &why, err);
    } else {
        struct qn_stream stream = {member, member_read};
        walk->depth++;
        status = visit_stream(walk, &stream, err);
        walk->depth--;
    }
    qn_zip_member_close(member);
    walk->member[place] = '\0';
    return status;
}

static bool is_workbook(const struct qn_zip *zip)
{
    for (size_t i = 0; i < qn_zip_count(zip); i++) {
        if (!strcmp(qn_zip_at(zip, i)->name, "xl/workbook.xml"))
            return true;
    }
    return false;
}

struct sheet {
    struct walk *walk;
    struct qn_xlsx *book;
};

static enum qn_status sheet_read(void *context, void *bytes, size_t len, size_t *got,
                                 struct qn_error *err)
{
    struct sheet *sheet = context;
    enum qn_status status = qn_xlsx_read(sheet->book, bytes, len, got, err);
    return status ? status : spend(sheet->walk, *got, err);
}

static enum qn_status visit_workbook(struct walk *walk, const struct qn_zip *zip,
                                     struct qn_error *err)
{
    struct qn_xlsx *book;
    struct qn_error why;
    enum qn_status status = qn_xlsx_open(&book, zip, &why);
    if (status)
        return refuse(walk, status, &why, err);
    size_t place = strlen(walk->member);
    for (size_t i = 0; i < qn_xlsx_count(book) && !status; i++) {
        snprintf(walk->member + place, PATH_ROOM - place, "%s%s", place ? "!" : "",
                 qn_xlsx_name(book, i));
        status = qn_xlsx_select(book, i, &why);
        if (status) {
            status = refuse(walk, status, &why, err);
        } else {
            struct sheet sheet = {walk, book};
            struct qn_stream stream = {&sheet, sheet_read};
            status = visit_leaf(walk, &stream, err);
        }
        walk->member[place] = '\0';
    }
    qn_xlsx_close(book);
    return status;
}

static enum qn_status visit_zip(struct walk *walk, const struct qn_zip_source *source,
                                const struct er_extent *extent, struct qn_error *err)
{
    struct qn_zip *zip;
    struct qn_error why;
    enum qn_status status = qn_zip_open(&zip, source, &why);
    if (status)
        return refuse(walk, status, &why, err);
    if (is_workbook(zip)) {
        status = visit_workbook(walk, zip, err);
        qn_zip_close(zip);
        return status;
    }
    size_t first = extent ? extent->first_entry : 0;
    size_t end = qn_zip_count(zip);
    if (extent && extent->entries < end - (first < end ? first : end))
        end = first + extent->entries;
    for (size_t i = first; i < end && !status; i++)
        status = visit_entry(walk, zip, i, source->size, err);
    qn_zip_close(zip);
    return status;
}

static enum qn_status read_memory(void *context, uint64_t offset, void *bytes, size_t len,
                                  struct qn_error *err)
{
    (void)err; /* zip_read has checked the bounds */
    memcpy(bytes, (const uint8_t *)context + offset, len);
    return QN_OK;
}

/* An archive inside of something that can only be read from its beginning. */
static enum qn_status visit_nested(struct walk *walk, const struct qn_stream *stream,
                                   struct qn_error *err)
{
    struct qn_buf bytes = {0};
    struct qn_error why = {.offset = -1};
    size_t got = 1;
    enum qn_status status = QN_OK;
    while (!status && got > 0) {
        uint8_t *to = qn_buf_reserve(&bytes, 1u << 18);
        if (!to)
            status = qn_fail_memory(&why, "an archive inside another", bytes.len);
        else
            status = stream->read(stream->context, to, 1u << 18, &got, &why);
        if (!status)
            bytes.len += got;
        if (!status && bytes.len > NESTED_LIMIT)
            status = qn_fail(&why, QN_ERR_INPUT,
                             "'%s' holds an archive of more than %llu bytes: take it out first.",
                             walk->path, (unsigned long long)NESTED_LIMIT);
    }
    struct qn_zip_source source = {bytes.data, bytes.len, read_memory, walk->member};
    status = status ? refuse(walk, status, &why, err) : visit_zip(walk, &source, NULL, err);
    qn_buf_release(&bytes);
    return status;
}

static enum qn_status visit_stream(struct walk *walk, const struct qn_stream *stream,
                                   struct qn_error *err)
{
    struct peeked peeked;
    struct qn_error why = {.offset = -1};
    enum qn_status status = peek(walk, &peeked, stream, &why);
    if (status)
        return refuse(walk, status, &why, err);
    struct qn_stream whole = {&peeked, read_peeked};
    bool packed = is_zip(peeked.head, peeked.len) || is_gzip(peeked.head, peeked.len);
    if (packed && walk->depth >= DEPTH) {
        qn_fail(&why, QN_ERR_INPUT, "'%s' holds archives in archives more than %d deep.",
                walk->path, DEPTH);
        return refuse(walk, QN_ERR_INPUT, &why, err);
    }
    if (is_zip(peeked.head, peeked.len))
        return visit_nested(walk, &whole, err);
    return packed ? visit_gzip(walk, &whole, err) : visit_leaf(walk, &whole, err);
}

/* ---- files ---------------------------------------------------------------------------------- */

struct open_file {
    const char *path;
    int fd;
    uint64_t at;
    uint64_t size;
};

static enum qn_status file_read(void *context, void *bytes, size_t len, size_t *got,
                                struct qn_error *err)
{
    struct open_file *file = context;
    ssize_t n = 0;
    *got = 0;
    if (file->at >= file->size) /* known without asking */
        return QN_OK;
    do {
        n = qn_sys.pread(file->fd, bytes, len, (off_t)file->at);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return qn_fail_errno(err, errno, "read", file->path);
    *got = (size_t)n;
    file->at += (uint64_t)n;
    return QN_OK;
}

static enum qn_status file_read_at(void *context, uint64_t offset, void *bytes, size_t len,
                                   struct qn_error *err)
{
    const struct open_file *file = context;
    return qn_read_at(file->fd, file->path, bytes, len, offset, err);
}

static enum qn_status check_unchanged(struct open_file *file, const struct er_extent *extent,
                                      struct stat *st, struct qn_error *err)
{
    if (qn_sys.fstat(file->fd, st) < 0)
        return qn_fail_errno(err, errno, "read", file->path);
    int64_t mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
    file->size = (uint64_t)st->st_size;
    if ((uint64_t)st->st_size == extent->size && mtime_ns == extent->mtime_ns)
        return QN_OK;
    return qn_fail_at(err, QN_ERR_CHANGED, file->path, -1,
                      "'%s' was changed since the run was planned. Start over with --restart.",
                      file->path);
}

enum qn_status er_walk(const char *path, const struct er_extent *extent,
                       const struct er_visitor *visitor, struct qn_error *err)
{
    struct open_file file = {.path = path};
    struct walk walk = {.path = path, .visitor = visitor};
    struct qn_stream stream = {&file, file_read};
    struct stat st;
    uint8_t head[HEAD];
    size_t got = 0;
    enum qn_status status = qn_open_read(path, &file.fd, err);
    if (status)
        return status;
    status = check_unchanged(&file, extent, &st, err);
    if (!status)
        status = read_head(&stream, head, &got, err);
    file.at = 0;
    walk.left = unpacked_limit(file.size);
    if (!status && is_zip(head, got)) {
        struct qn_zip_source source = {&file, (uint64_t)st.st_size, file_read_at, path};
        status = visit_zip(&walk, &source, extent, err);
    } else if (!status) {
        walk.at = is_gzip(head, got) ? NULL : &file.at;
        status = walk.at ? visit_leaf(&walk, &stream, err) : visit_gzip(&walk, &stream, err);
    }
    qn_sys.close(file.fd);
    return status;
}

enum qn_status er_entry_sizes(const char *path, uint64_t **sizes, uint32_t *count,
                              struct qn_error *err)
{
    struct open_file file = {.path = path};
    struct qn_stream stream = {&file, file_read};
    struct stat st;
    uint8_t head[HEAD];
    size_t got = 0;
    struct qn_zip *zip = NULL;
    *sizes = NULL;
    *count = 0;
    enum qn_status status = qn_open_read(path, &file.fd, err);
    if (status)
        return status;
    if (qn_sys.fstat(file.fd, &st) < 0)
        status = qn_fail_errno(err, errno, "read", path);
    file.size = status ? 0 : (uint64_t)st.st_size;
    if (!status)
        status = read_head(&stream, head, &got, err);
    struct qn_zip_source source = {&file, status ? 0 : (uint64_t)st.st_size, file_read_at, path};
    if (!status && is_zip(head, got) && !qn_zip_open(&zip, &source, NULL) && !is_workbook(zip)) {
        *sizes = qn_sys.malloc((qn_zip_count(zip) + 1) * sizeof **sizes);
        if (!*sizes)
            status = qn_fail_memory(err, path, qn_zip_count(zip) * sizeof **sizes);
        for (size_t i = 0; *sizes && i < qn_zip_count(zip); i++)
            (*sizes)[i] = qn_zip_at(zip, i)->size;
        *count = *sizes ? (uint32_t)qn_zip_count(zip) : 0;
    }
    qn_zip_close(zip);
    qn_sys.close(file.fd);
    return status;
}
