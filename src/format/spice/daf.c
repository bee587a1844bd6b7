/* DAF, the container of SPICE's binary kernels: see daf.h. */
#include "format/spice/daf.h"

#include "base/io.h"
#include "base/sys.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORDS = QN_DAF_RECORD / QN_DAF_WORD,
    SUMMARY_HEAD = 3,                    /* NEXT, PREV, NSUM */
    MOST_SUMMARY = WORDS - SUMMARY_HEAD, /* words of a summary */
    COMMENT_TEXT = 1000,                 /* of a comment record */
    END_OF_COMMENTS = 4,
};

struct qn_daf {
    int fd;
    char kind[8];
    char internal[61];
    enum qn_byte_order order;
    uint64_t words;         /* of the file */
    uint64_t first_summary; /* record, 1-based; 0 when there is none */
    size_t nd;
    size_t ni;
    size_t count;
    struct qn_buf reals;    /* nd for each array */
    struct qn_buf integers; /* ni for each array */
    struct qn_buf names;    /* name_room for each array */
    char path[];
};

static enum qn_status refuse(const struct qn_daf *daf, uint64_t offset, struct qn_error *err,
                             const char *what)
{
    return qn_fail_at(err, QN_ERR_INPUT, daf->path, (int64_t)offset,
                      "'%s' is damaged at byte %llu: %s. Fetch the kernel anew, as binary.",
                      daf->path, (unsigned long long)offset, what);
}

bool qn_daf_recognize(const void *bytes, size_t len)
{
    return len >= 8 && (!memcmp(bytes, "DAF/", 4) || !memcmp(bytes, "NAIF/DAF", 8));
}

/* ---- the file record ------------------------------------------------------------------------ */

static bool plausible(const uint8_t *record, enum qn_byte_order order, size_t *nd, size_t *ni)
{
    uint32_t doubles = qn_load_u32(record + 8, order);
    uint32_t integers = qn_load_u32(record + 12, order);
    if (doubles > MOST_SUMMARY || integers < 2 || integers > 2 * MOST_SUMMARY ||
        doubles + (integers + 1) / 2 > MOST_SUMMARY)
        return false;
    *nd = doubles;
    *ni = integers;
    return true;
}

/* Files of before 1999 do not tell their byte order: the counts make sense in one only. */
static enum qn_status read_order(struct qn_daf *daf, const uint8_t *record, struct qn_error *err)
{
    const char *format = (const char *)record + 88;
    if (!memcmp(format, "VAX-", 4))
        return qn_fail_at(err, QN_ERR_UNSUPPORTED, daf->path, 88,
                          "'%s' holds numbers as a VAX wrote them (%.8s). Get it from NAIF in "
                          "another form, or convert it with their program bingo.",
                          daf->path, format);
    bool big = !memcmp(format, "BIG-IEEE", 8);
    bool little = !memcmp(format, "LTL-IEEE", 8);
    if (!big && !little) {
        big = plausible(record, QN_BIG_ENDIAN, &daf->nd, &daf->ni);
        little = plausible(record, QN_LITTLE_ENDIAN, &daf->nd, &daf->ni);
        if (big == little)
            return refuse(daf, 8, err, "the sizes of summaries make no sense in any byte order");
    }
    daf->order = big ? QN_BIG_ENDIAN : QN_LITTLE_ENDIAN;
    if (!plausible(record, daf->order, &daf->nd, &daf->ni))
        return refuse(daf, 8, err, "the sizes of summaries make no sense");
    return QN_OK;
}

/* A text that a transfer as text would have changed. */
static bool sent_as_text(const uint8_t *record)
{
    static const char whole[] = "FTPSTR:\r:\n:\r\n:\r\0:\x81:\x10\xce:ENDFTP";
    for (size_t at = 92; at + 7 <= QN_DAF_RECORD; at++)
        if (!memcmp(record + at, "FTPSTR:", 7))
            return at + sizeof whole - 1 > QN_DAF_RECORD ||
                   memcmp(record + at, whole, sizeof whole - 1) != 0;
    return false;
}

static void copy_text(char *to, const uint8_t *from, size_t len)
{
    while (len > 0 && (from[len - 1] == ' ' || from[len - 1] == '\0'))
        len--;
    for (size_t i = 0; i < len; i++)
        to[i] = (char)(from[i] >= ' ' && from[i] < 127 ? from[i] : '?');
    to[len] = '\0';
}

static enum qn_status read_file_record(struct qn_daf *daf, struct qn_error *err)
{
    uint8_t record[QN_DAF_RECORD];
    enum qn_status status = qn_read_at(daf->fd, daf->path, record, sizeof record, 0, err);
    if (status)
        return status;
    if (!qn_daf_recognize(record, sizeof record))
        return qn_fail_at(err, QN_ERR_INPUT, daf->path, 0,
                          "'%s' is no binary SPICE kernel (DAF). Check what it is.", daf->path);
    if (sent_as_text(record))
        return refuse(daf, 0, err, "it was transferred as text, which changes its bytes");
    copy_text(daf->kind, record + (record[0] == 'N' ? 5 : 4), record[0] == 'N' ? 3 : 4);
    copy_text(daf->internal, record + 16, sizeof daf->internal - 1);
    status = read_order(daf, record, err);
    daf->first_summary = qn_load_u32(record + 76, daf->order);
    return status;
}

/* ---- summaries ------------------------------------------------------------------------------ */

static size_t summary_words(const struct qn_daf *daf)
{
    return daf->nd + (daf->ni + 1) / 2;
}

static size_t name_room(const struct qn_daf *daf)
{
    return summary_words(daf) * QN_DAF_WORD + 1;
}

static uint64_t record_offset(uint64_t record)
{
    return (record - 1) * QN_DAF_RECORD;
}

static double load_real(const uint8_t *bytes, enum qn_byte_order order)
{
    uint64_t bits = qn_load_u64(bytes, order);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static bool read_count(double word, uint64_t most, uint64_t *count)
{
    if (!(word >= 0 && word <= (double)most) || word != floor(word))
        return false;
    *count = (uint64_t)word;
    return true;
}

static enum qn_status add_array(struct qn_daf *daf, const uint8_t *summary, const uint8_t *name,
                                uint64_t offset, struct qn_error *err)
{
    char text[QN_DAF_NAME];
    for (size_t i = 0; i < daf->nd; i++) {
        double value = load_real(summary + i * QN_DAF_WORD, daf->order);
        qn_buf_append(&daf->reals, &value, sizeof value);
    }
    int32_t value = 0;
    int32_t before = 0;
    for (size_t i = 0; i < daf->ni; i++) {
        before = value;
        value = (int32_t)qn_load_u32(summary + daf->nd * QN_DAF_WORD + i * 4, daf->order);
        qn_buf_append(&daf->integers, &value, sizeof value);
    }
    copy_text(text, name, name_room(daf) - 1);
    qn_buf_append(&daf->names, text, name_room(daf));
    daf->count++;
    if (before < 1 || value < before || (uint64_t)value > daf->words)
        return refuse(daf, offset, err, "an array lies outside of the file");
    return QN_OK;
}

static enum qn_status read_summaries(struct qn_daf *daf, uint64_t record, uint64_t *next,
                                     struct qn_error *err)
{
    uint8_t words[QN_DAF_RECORD];
    uint8_t names[QN_DAF_RECORD];
    uint64_t count;
    uint64_t records = daf->words / WORDS;
    uint64_t offset = record_offset(record);
    size_t width = summary_words(daf) * QN_DAF_WORD;
    enum qn_status status = qn_read_at(daf->fd, daf->path, words, sizeof words, offset, err);
    if (!status)
        status = qn_read_at(daf->fd, daf->path, names, sizeof names, offset + QN_DAF_RECORD, err);
    if (status)
        return status;
    if (!read_count(load_real(words, daf->order), records, next) ||
        !read_count(load_real(words + 16, daf->order), MOST_SUMMARY / summary_words(daf), &count))
        return refuse(daf, offset, err, "a record of summaries makes no sense");
    for (size_t i = 0; i < count && !status; i++)
        status = add_array(daf, words + SUMMARY_HEAD * QN_DAF_WORD + i * width, names + i * width,
                           offset, err);
    return status;
}

static enum qn_status walk(struct qn_daf *daf, struct qn_error *err)
{
    uint64_t records = daf->words / WORDS;
    uint64_t next;
    uint64_t walked = 0;
    enum qn_status status = QN_OK;
    for (uint64_t record = daf->first_summary; record > 0 && !status; record = next) {
        next = 0;
        if (record < 2 || record >= records) /* a record of names has to follow */
            return refuse(daf, 76, err, "the chain of summaries leads out of the file");
        if (++walked > records)
            return refuse(daf, record_offset(record), err, "the chain of summaries has no end");
        status = read_summaries(daf, record, &next, err);
    }
    if (!status && (daf->reals.failed || daf->integers.failed || daf->names.failed))
        status = qn_fail_memory(err, "the summaries of a kernel", daf->names.len);
    return status;
}

/* ---- opening -------------------------------------------------------------------------------- */

static enum qn_status read_outline(struct qn_daf *daf, struct qn_error *err)
{
    struct stat st;
    enum qn_status status = qn_open_read(daf->path, &daf->fd, err);
    if (status)
        return status;
    if (qn_sys.fstat(daf->fd, &st))
        return qn_fail_errno(err, errno, "look at", daf->path);
    daf->words = (uint64_t)st.st_size / QN_DAF_WORD;
    status = read_file_record(daf, err);
    if (!status)
        status = walk(daf, err);
    return status;
}

enum qn_status qn_daf_open(struct qn_daf **out, const char *path, struct qn_error *err)
{
    *out = NULL;
    size_t room = strlen(path) + 1;
    struct qn_daf *daf = qn_sys.calloc(1, sizeof *daf + room);
    if (!daf)
        return qn_fail_memory(err, "a kernel", sizeof *daf + room);
    daf->fd = -1;
    memcpy(daf->path, path, room);
    enum qn_status status = read_outline(daf, err);
    if (status) {
        qn_daf_close(daf);
        return status;
    }
    *out = daf;
    return QN_OK;
}

void qn_daf_close(struct qn_daf *daf)
{
    if (!daf)
        return;
    if (daf->fd >= 0)
        qn_sys.close(daf->fd);
    qn_buf_release(&daf->reals);
    qn_buf_release(&daf->integers);
    qn_buf_release(&daf->names);
    free(daf);
}

/* ---- what it holds -------------------------------------------------------------------------- */

const char *qn_daf_path(const struct qn_daf *daf)
{
    return daf->path;
}

const char *qn_daf_kind(const struct qn_daf *daf)
{
    return daf->kind;
}

const char *qn_daf_internal(const struct qn_daf *daf)
{
    return daf->internal;
}

enum qn_byte_order qn_daf_order(const struct qn_daf *daf)
{
    return daf->order;
}

size_t qn_daf_count(const struct qn_daf *daf)
{
    return daf->count;
}

size_t qn_daf_doubles(const struct qn_daf *daf)
{
    return daf->nd;
}

size_t qn_daf_integers(const struct qn_daf *daf)
{
    return daf->ni;
}

const double *qn_daf_real(const struct qn_daf *daf, size_t i)
{
    return (const double *)(const void *)daf->reals.data + i * daf->nd;
}

const int32_t *qn_daf_integer(const struct qn_daf *daf, size_t i)
{
    return (const int32_t *)(const void *)daf->integers.data + i * daf->ni;
}

const char *qn_daf_name(const struct qn_daf *daf, size_t i)
{
    return (const char *)daf->names.data + i * name_room(daf);
}

enum qn_status qn_daf_read(const struct qn_daf *daf, uint64_t first, size_t count, double *words,
                           struct qn_error *err)
{
    if (first < 1 || first > daf->words || count > daf->words - (first - 1))
        return refuse(daf, daf->words * QN_DAF_WORD, err, "an array goes on beyond the end");
    enum qn_status status =
        qn_read_at(daf->fd, daf->path, words, count * QN_DAF_WORD, (first - 1) * QN_DAF_WORD, err);
    if (!status && daf->order != QN_HOST_ORDER)
        for (size_t i = 0; i < count; i++)
            words[i] = load_real((const uint8_t *)&words[i], daf->order);
    return status;
}

enum qn_status qn_daf_comments(const struct qn_daf *daf, struct qn_buf *text, struct qn_error *err)
{
    uint8_t record[QN_DAF_RECORD];
    uint64_t end = daf->first_summary;
    for (uint64_t at = 2; at < end; at++) {
        enum qn_status status =
            qn_read_at(daf->fd, daf->path, record, sizeof record, record_offset(at), err);
        if (status)
            return status;
        for (size_t i = 0; i < COMMENT_TEXT; i++) {
            if (record[i] == END_OF_COMMENTS) {
                end = at;
                break;
            }
            bool plain = record[i] == '\t' || (record[i] >= ' ' && record[i] < 127);
            qn_buf_u8(text, record[i] == '\0' || record[i] == '\n' ? '\n'
                            : plain                                ? record[i]
                                                                   : '?');
        }
    }
    return text->failed ? qn_fail_memory(err, "the comments of a kernel", text->len) : QN_OK;
}
