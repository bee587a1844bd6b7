/* Workbooks: see xlsx.h. A scanner for the XML that spreadsheets write: tags, attributes in double
 * quotes, text with the five entities and character references. */
#include "format/xlsx.h"

#include "base/buf.h"
#include "base/sys.h"
#include "format/text/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PART_LIMIT                                                                                 \
    ((uint64_t)512 << 20)              /* of one part of a workbook, unpacked; of a sheet's text */
#define LIST_LIMIT ((uint64_t)1 << 20) /* of the parts that list the sheets, */
enum { SHEETS_MAX = 1000 };            /* which are searched for each of them */
enum { COLUMNS_MAX = 16384, ROWS_MAX = 1 << 20, PIECE = 1 << 16, ENTITY_MAX = 12 };

struct xml {
    const char *at;
    const char *end;
    const char *tag; /* the tag at hand, without <; ends at tag_end */
    const char *tag_end;
};

struct qn_xlsx {
    const struct qn_zip *zip;
    struct qn_buf names;   /* of sheets: texts with NUL */
    struct qn_buf sheets;  /* uint32_t place in names, and in the same order: */
    struct qn_buf entries; /* uint32_t member of the archive */
    size_t count;
    struct qn_buf shared; /* bytes of all shared texts */
    struct qn_buf places; /* uint32_t: where each begins; one past the last at the end */
    struct qn_buf sheet;  /* the XML of the sheet selected */
    struct xml xml;       /* what is left of it */
    unsigned row;         /* where the text stands, from 1; 0: before the first row */
    unsigned column;
    unsigned next;      /* column of the next cell that does not say its own */
    struct qn_buf text; /* a piece of the sheet's */
    size_t at;          /* in the piece */
    uint64_t told;      /* bytes of all pieces so far */
    bool ended;
};

void qn_xlsx_close(struct qn_xlsx *book)
{
    if (!book)
        return;
    struct qn_buf *buffers[] = {&book->names,  &book->sheets, &book->entries, &book->shared,
                                &book->places, &book->sheet,  &book->text};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        qn_buf_release(buffers[i]);
    free(book);
}

static enum qn_status read_part(const struct qn_zip *zip, size_t entry, uint64_t most,
                                struct qn_buf *out, struct qn_error *err)
{
    struct qn_zip_member *member;
    enum qn_status status = qn_zip_member_open(&member, zip, entry, most, err);
    for (size_t got = 1; !status && got > 0;) {
        uint8_t *to = qn_buf_reserve(out, 1u << 18);
        if (!to)
            status = qn_fail_memory(err, "a workbook", out->len);
        else
            status = qn_zip_member_read(member, to, 1u << 18, &got, err);
        out->len += status ? 0 : got;
    }
    qn_zip_member_close(member);
    return status;
}

/* ---- XML ------------------------------------------------------------------------------------ */

/* A part of a workbook; an empty one may have no memory at all. */
static struct xml xml_of(const struct qn_buf *part)
{
    const char *text = part->data ? (const char *)part->data : "";
    return (struct xml){.at = text, .end = text + part->len};
}

/* Goes to the next tag; false at the end. */
static bool next_tag(struct xml *xml)
{
    if (xml->at == xml->end)
        return false;
    const char *open = memchr(xml->at, '<', (size_t)(xml->end - xml->at));
    const char *close = open ? memchr(open, '>', (size_t)(xml->end - open)) : NULL;
    if (!close)
        return false;
    xml->tag = open + 1;
    xml->tag_end = close;
    xml->at = close + 1;
    return true;
}

/* Whether the tag at hand has that name ("/x" for the end of x), any prefix apart. */
static bool is_tag(const struct xml *xml, const char *name)
{
    const char *tag = xml->tag;
    size_t len = strlen(name);
    if (*name == '/') {
        if (*tag != '/')
            return false;
        tag++;
        name++;
        len--;
    }
    size_t n = 0;
    while (tag + n < xml->tag_end && tag[n] != ' ' && tag[n] != '/' && tag[n] != '\r' &&
           tag[n] != '\n' && tag[n] != '\t') {
        if (tag[n] == ':') {
            tag += n + 1;
            n = 0;
            continue;
        }
        n++;
    }
    return n == len && memcmp(tag, name, len) == 0;
}

static bool attribute(const struct xml *xml, const char *name, const char **value, size_t *len)
{
    size_t name_len = strlen(name);
    for (const char *at = xml->tag; at + name_len + 2 < xml->tag_end; at++) {
        if (at[-1] > ' ' || memcmp(at, name, name_len) != 0 || at[name_len] != '=' ||
            at[name_len + 1] != '"')
            continue;
        *value = at + name_len + 2;
        const char *quote = memchr(*value, '"', (size_t)(xml->tag_end - *value));
        *len = quote ? (size_t)(quote - *value) : 0;
        return quote != NULL;
    }
    return false;
}

static void put_code_point(struct qn_buf *out, unsigned long code)
{
    if (code < 0x80) {
        qn_buf_u8(out, (uint8_t)code);
    } else if (code < 0x800) {
        qn_buf_u8(out, (uint8_t)(0xc0 | code >> 6));
        qn_buf_u8(out, (uint8_t)(0x80 | (code & 0x3f)));
    } else if (code < 0x10000) {
        qn_buf_u8(out, (uint8_t)(0xe0 | code >> 12));
        qn_buf_u8(out, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
        qn_buf_u8(out, (uint8_t)(0x80 | (code & 0x3f)));
    } else {
        qn_buf_u8(out, (uint8_t)(0xf0 | (code >> 18 & 0x07)));
        qn_buf_u8(out, (uint8_t)(0x80 | (code >> 12 & 0x3f)));
        qn_buf_u8(out, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
        qn_buf_u8(out, (uint8_t)(0x80 | (code & 0x3f)));
    }
}

/* Text with its entities resolved. */
static void put_text(struct qn_buf *out, const char *text, const char *end)
{
    static const struct {
        const char *name;
        char c;
    } entities[] = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    while (text < end) {
        const char *mark = memchr(text, '&', (size_t)(end - text));
        qn_buf_append(out, text, (size_t)((mark ? mark : end) - text));
        if (!mark)
            return;
        text = mark + 1;
        size_t reach = end - mark < ENTITY_MAX ? (size_t)(end - mark) : ENTITY_MAX;
        const char *semicolon = memchr(mark, ';', reach);
        if (!semicolon)
            continue;
        for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
            size_t len = strlen(entities[i].name);
            if ((size_t)(semicolon + 1 - mark) == len && !memcmp(mark, entities[i].name, len))
                qn_buf_u8(out, (uint8_t)entities[i].c);
        }
        if (mark[1] == '#')
            put_code_point(out, mark[2] == 'x' ? strtoul(mark + 3, NULL, 16)
                                               : strtoul(mark + 2, NULL, 10));
        text = semicolon + 1;
    }
}

/* The texts of all <t> up to the end of `element`. */
static void put_texts(struct xml *xml, const char *end_tag, struct qn_buf *out)
{
    while (next_tag(xml) && !is_tag(xml, end_tag)) {
        if (!is_tag(xml, "t") || xml->tag_end[-1] == '/')
            continue;
        const char *start = xml->at;
        if (!next_tag(xml))
            return;
        put_text(out, start, xml->tag - 1);
    }
}

/* ---- the workbook --------------------------------------------------------------------------- */

static bool find_entry(const struct qn_zip *zip, const char *name, uint32_t *entry)
{
    for (size_t i = 0; i < qn_zip_count(zip); i++) {
        if (!strcasecmp(qn_zip_at(zip, i)->name, name)) {
            *entry = (uint32_t)i;
            return true;
        }
    }
    return false;
}

/* The member that a relation of the workbook points to. */
static bool find_target(const struct qn_xlsx *book, const struct qn_buf *relations, const char *id,
                        size_t id_len, uint32_t *entry)
{
    struct xml xml = xml_of(relations);
    while (next_tag(&xml)) {
        const char *value, *target;
        size_t len, target_len;
        char path[512];
        if (!is_tag(&xml, "Relationship") || !attribute(&xml, "Id", &value, &len) ||
            len != id_len || memcmp(value, id, len) != 0 ||
            !attribute(&xml, "Target", &target, &target_len))
            continue;
        bool absolute = target_len > 0 && *target == '/';
        snprintf(path, sizeof path, "%s%.*s", absolute ? "" : "xl/", (int)target_len - absolute,
                 target + absolute);
        return find_entry(book->zip, path, entry);
    }
    return false;
}

static enum qn_status list_sheets(struct qn_xlsx *book, const struct qn_buf *workbook,
                                  const struct qn_buf *relations, struct qn_error *err)
{
    struct xml xml = xml_of(workbook);
    unsigned sheets = 0;
    while (next_tag(&xml)) {
        const char *name, *id;
        size_t name_len, id_len;
        uint32_t entry, place = (uint32_t)book->names.len;
        if (!is_tag(&xml, "sheet"))
            continue;
        if (++sheets > SHEETS_MAX)
            return qn_fail(err, QN_ERR_INPUT, "the workbook has more than %d sheets.", SHEETS_MAX);
        if (!attribute(&xml, "name", &name, &name_len) || !attribute(&xml, "r:id", &id, &id_len) ||
            !find_target(book, relations, id, id_len, &entry))
            continue;
        put_text(&book->names, name, name + name_len);
        qn_buf_u8(&book->names, 0);
        qn_buf_append(&book->sheets, &place, sizeof place);
        qn_buf_append(&book->entries, &entry, sizeof entry);
        book->count++;
    }
    return QN_OK;
}

static void list_shared(struct qn_xlsx *book, const struct qn_buf *bytes)
{
    struct xml xml = xml_of(bytes);
    uint32_t place = 0;
    while (next_tag(&xml)) {
        if (!is_tag(&xml, "si"))
            continue;
        qn_buf_append(&book->places, &place, sizeof place);
        if (xml.tag_end[-1] != '/')
            put_texts(&xml, "/si", &book->shared);
        place = (uint32_t)book->shared.len;
    }
    qn_buf_append(&book->places, &place, sizeof place);
}

/* A part that lists the sheets; there is no workbook without it. */
static enum qn_status read_list(const struct qn_xlsx *book, const char *name, struct qn_buf *out,
                                struct qn_error *err)
{
    uint32_t entry;
    if (find_entry(book->zip, name, &entry))
        return read_part(book->zip, entry, LIST_LIMIT, out, err);
    return qn_fail(err, QN_ERR_INPUT, "the workbook has no part '%s'. Save it again.", name);
}

enum qn_status qn_xlsx_open(struct qn_xlsx **out, const struct qn_zip *zip, struct qn_error *err)
{
    struct qn_buf workbook = {0}, relations = {0}, shared = {0};
    struct qn_xlsx *book = *out = qn_sys.calloc(1, sizeof *book);
    if (!book)
        return qn_fail_memory(err, "a workbook", sizeof *book);
    book->zip = zip;
    uint32_t entry;
    enum qn_status status = read_list(book, "xl/workbook.xml", &workbook, err);
    if (!status)
        status = read_list(book, "xl/_rels/workbook.xml.rels", &relations, err);
    if (!status && find_entry(zip, "xl/sharedStrings.xml", &entry))
        status = read_part(zip, entry, PART_LIMIT, &shared, err);
    if (!status)
        status = list_sheets(book, &workbook, &relations, err);
    if (!status) {
        list_shared(book, &shared);
        if (book->names.failed || book->sheets.failed || book->entries.failed ||
            book->shared.failed || book->places.failed)
            status = qn_fail_memory(err, "a workbook", shared.len);
    }
    qn_buf_release(&workbook);
    qn_buf_release(&relations);
    qn_buf_release(&shared);
    if (status) {
        qn_xlsx_close(book);
        *out = NULL;
    }
    return status;
}

size_t qn_xlsx_count(const struct qn_xlsx *book)
{
    return book->count;
}

const char *qn_xlsx_name(const struct qn_xlsx *book, size_t sheet)
{
    const uint32_t *places = (const uint32_t *)(const void *)book->sheets.data;
    return (const char *)book->names.data + places[sheet];
}

/* ---- a sheet as text ------------------------------------------------------------------------ */

/* Row number and column (from 0) of a reference like "AB12". */
static bool read_reference(const char *text, size_t len, unsigned *column, unsigned *row)
{
    size_t i = 0;
    *column = *row = 0;
    for (; i < len && text[i] >= 'A' && text[i] <= 'Z' && *column <= COLUMNS_MAX; i++)
        *column = *column * 26 + (unsigned)(text[i] - 'A' + 1);
    for (; i < len && text[i] >= '0' && text[i] <= '9' && *row <= ROWS_MAX; i++)
        *row = *row * 10 + (unsigned)(text[i] - '0');
    return i == len && (*column)-- > 0 && *column < COLUMNS_MAX && *row <= ROWS_MAX;
}

static void put_shared(const struct qn_xlsx *book, struct qn_buf *out, const char *number,
                       size_t len)
{
    const uint32_t *places = (const uint32_t *)(const void *)book->places.data;
    size_t count = book->places.len / sizeof *places - 1;
    size_t i = 0;
    for (size_t k = 0; k < len && i <= count; k++)
        i = i * 10 + (size_t)(unsigned char)(number[k] - '0');
    if (len > 0 && i < count)
        qn_csv_put(out, (const char *)book->shared.data + places[i], places[i + 1] - places[i]);
}

/* The content of the cell whose tag is at hand: its first value. */
static void put_content(const struct qn_xlsx *book, struct xml *xml, struct qn_buf *out)
{
    const char *type = "n";
    size_t type_len = 1;
    bool told = false;
    struct qn_buf text = {0};
    if (xml->tag_end[-1] == '/')
        return;
    attribute(xml, "t", &type, &type_len);
    while (next_tag(xml) && !is_tag(xml, "/c")) {
        bool is_inline = is_tag(xml, "is");
        if (told || (!is_inline && (!is_tag(xml, "v") || xml->tag_end[-1] == '/')))
            continue;
        told = true;
        if (is_inline) {
            put_texts(xml, "/is", &text);
            qn_csv_put(out, (const char *)text.data, text.len);
            continue;
        }
        const char *start = xml->at;
        if (!next_tag(xml))
            break;
        size_t len = (size_t)(xml->tag - 1 - start);
        if (type_len == 1 && *type == 's') {
            put_shared(book, out, start, len);
        } else {
            put_text(&text, start, start + len);
            qn_csv_put(out, (const char *)text.data, text.len);
        }
    }
    out->failed |= text.failed;
    qn_buf_release(&text);
}

static void go_to_row(struct qn_xlsx *book, unsigned row)
{
    if (row <= book->row)
        row = book->row + 1;
    for (; book->row < row; book->row++) {
        if (book->row > 0)
            qn_buf_u8(&book->text, '\n');
    }
    book->column = book->next = 0;
}

static enum qn_status take_row(struct qn_xlsx *book, struct qn_error *err)
{
    const char *value;
    size_t len;
    unsigned long row = book->row + 1ul;
    if (attribute(&book->xml, "r", &value, &len))
        row = strtoul(value, NULL, 10);
    if (row < 1 || row > ROWS_MAX)
        return qn_fail(err, QN_ERR_INPUT, "the workbook has a row %lu, not 1 to %d.", row,
                       ROWS_MAX);
    go_to_row(book, (unsigned)row);
    return QN_OK;
}

static enum qn_status take_cell(struct qn_xlsx *book, struct qn_error *err)
{
    const char *value;
    size_t len;
    unsigned column = book->next, row;
    if (attribute(&book->xml, "r", &value, &len) &&
        (!read_reference(value, len, &column, &row) || column < book->next))
        return qn_fail(err, QN_ERR_INPUT, "the workbook has a damaged cell '%.*s'.",
                       (int)(len < 40 ? len : 40), value);
    for (; book->column < column; book->column++)
        qn_buf_u8(&book->text, ',');
    put_content(book, &book->xml, &book->text);
    book->next = column + 1;
    return QN_OK;
}

/* The next piece of the sheet's text: of as many tags as it takes. */
static enum qn_status next_piece(struct qn_xlsx *book, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    qn_buf_clear(&book->text);
    book->at = 0;
    while (!status && !book->ended && book->text.len < PIECE) {
        book->ended = !next_tag(&book->xml);
        if (!book->ended && is_tag(&book->xml, "row"))
            status = take_row(book, err);
        else if (!book->ended && book->row > 0 && is_tag(&book->xml, "c"))
            status = take_cell(book, err);
    }
    if (book->ended && book->row > 0)
        qn_buf_u8(&book->text, '\n');
    book->told += book->text.len;
    if (!status && book->told > PART_LIMIT)
        status = qn_fail(err, QN_ERR_INPUT, "a sheet has more than %llu bytes of text.",
                         (unsigned long long)PART_LIMIT);
    if (!status && book->text.failed)
        status = qn_fail_memory(err, "a sheet", book->text.len);
    return status;
}

enum qn_status qn_xlsx_select(struct qn_xlsx *book, size_t sheet, struct qn_error *err)
{
    const uint32_t *entries = (const uint32_t *)(const void *)book->entries.data;
    qn_buf_clear(&book->sheet);
    qn_buf_clear(&book->text);
    book->at = 0;
    book->told = 0;
    book->row = book->column = book->next = 0;
    enum qn_status status = read_part(book->zip, entries[sheet], PART_LIMIT, &book->sheet, err);
    book->xml = xml_of(&book->sheet);
    book->ended = status != QN_OK;
    return status;
}

enum qn_status qn_xlsx_read(struct qn_xlsx *book, void *bytes, size_t len, size_t *got,
                            struct qn_error *err)
{
    enum qn_status status = QN_OK;
    if (book->at == book->text.len && !book->ended)
        status = next_piece(book, err);
    size_t left = status ? 0 : book->text.len - book->at;
    *got = left < len ? left : len;
    if (*got > 0)
        memcpy(bytes, book->text.data + book->at, *got);
    book->at += *got;
    return status;
}
