/* Any bytes as a zip archive, as a workbook and as a gzip stream: every member is unpacked. */
#include "fuzz.h"

#include "format/xlsx.h"

#include <string.h>

const char *const fuzz_words[] = {
    "PK\3\4",   "PK\1\2",          "PK\5\6",        "PK\6\6",
    "PK\6\7",   "xl/workbook.xml", "<row r=\"1\">", "<c r=\"A1\" t=\"s\">",
    "<v>0</v>", "</row>",          "&amp;",         NULL};

/* Deflate packs at most 1,032 to one (zlib's technical notes); a buffer that grows holds half more,
 * and twice while it does. */
const struct fuzz_memory fuzz_memory = {16u << 20, 2048};

struct bytes {
    const uint8_t *data;
    size_t size;
    size_t at;
};

static enum qn_status read_at(void *context, uint64_t offset, void *to, size_t len,
                              struct qn_error *err)
{
    const struct bytes *bytes = context;
    (void)err;
    FUZZ_REQUIRE(offset <= bytes->size && len <= bytes->size - offset);
    memcpy(to, bytes->data + offset, len);
    return QN_OK;
}

static enum qn_status read_on(void *context, void *to, size_t len, size_t *got,
                              struct qn_error *err)
{
    struct bytes *bytes = context;
    (void)err;
    *got = bytes->size - bytes->at < len ? bytes->size - bytes->at : len;
    memcpy(to, bytes->data + bytes->at, *got);
    bytes->at += *got;
    return QN_OK;
}

enum { MOST = 1 << 20 };

static void unpack(const struct qn_zip *zip, size_t i)
{
    struct qn_zip_member *member;
    uint8_t room[4096];
    uint64_t sum = 0;
    if (qn_zip_member_open(&member, zip, i, MOST, NULL))
        return;
    for (size_t got = 1; got > 0;) {
        if (qn_zip_member_read(member, room, sizeof room, &got, NULL))
            break;
        sum += got;
        FUZZ_REQUIRE(sum <= MOST);
    }
    qn_zip_member_close(member);
}

static void read_book(const struct qn_zip *zip)
{
    struct qn_xlsx *book;
    if (qn_xlsx_open(&book, zip, NULL))
        return;
    for (size_t sheet = 0; sheet < qn_xlsx_count(book) && sheet < 4; sheet++) {
        uint8_t room[4096];
        size_t got = !qn_xlsx_select(book, sheet, NULL);
        while (got > 0 && !qn_xlsx_read(book, room, sizeof room, &got, NULL))
            ;
    }
    qn_xlsx_close(book);
}

static void gunzip(const uint8_t *data, size_t size)
{
    struct bytes bytes = {data, size, 0};
    struct qn_stream stream = {&bytes, read_on};
    struct qn_inflate *inflate;
    uint8_t room[4096];
    if (qn_inflate_new(&inflate, QN_INFLATE_GZIP, &stream, "fuzz", NULL))
        return;
    for (size_t got = 1; got > 0 && qn_inflate_size(inflate) < MOST;) {
        if (qn_inflate_read(inflate, room, sizeof room, &got, NULL))
            break;
    }
    qn_inflate_free(inflate);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes bytes = {data, size, 0};
    struct qn_zip_source source = {&bytes, size, read_at, "fuzz"};
    struct qn_zip *zip;
    gunzip(data, size);
    if (qn_zip_open(&zip, &source, NULL))
        return 0;
    for (size_t i = 0; i < qn_zip_count(zip) && i < 16; i++)
        unpack(zip, i);
    read_book(zip);
    qn_zip_close(zip);
    return 0;
}
