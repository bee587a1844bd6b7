/* Findings: see findings.h. */
#include "pipelines/parquet/findings.h"

#include <stdarg.h>
#include <stdio.h>

const struct qn_finding_info qn_finding_infos[QN_FIND_KIND_COUNT] = {
    [QN_FIND_FOOTER] = {"footer", QN_FOUND_ERROR, "the file cannot be opened as Parquet"},
    [QN_FIND_ROW_COUNT] = {"row-count", QN_FOUND_ERROR,
                           "the footer and its row groups count differently"},
    [QN_FIND_OVERLAP] = {"overlap", QN_FOUND_ERROR,
                         "two columns, or a column and the footer, overlap"},
    [QN_FIND_NOT_READ] = {"not-read", QN_FOUND_WARNING, "legal, but not read here, so not checked"},
    [QN_FIND_UNFINISHED] = {"unfinished", QN_FOUND_ERROR,
                            "checking it failed, as `quern failures` tells"},
    [QN_FIND_CHUNK] = {"chunk", QN_FOUND_ERROR, "the description of a column makes no sense"},
    [QN_FIND_PAGE_CRC] = {"page-crc", QN_FOUND_ERROR,
                          "the checksum of a page is not that of its bytes"},
    [QN_FIND_PAGE] = {"page", QN_FOUND_ERROR, "a page cannot be read"},
    [QN_FIND_PAGE_COUNT] = {"page-count", QN_FOUND_ERROR, "a page header miscounts nulls or rows"},
    [QN_FIND_PAGE_STATISTICS] = {"page-statistics", QN_FOUND_ERROR,
                                 "bounds in a page header do not hold"},
    [QN_FIND_PAGE_INDEX] = {"page-index", QN_FOUND_ERROR, "the page index says what is not so"},
    [QN_FIND_STATISTICS] = {"statistics", QN_FOUND_ERROR, "min, max or null count are not so"},
    [QN_FIND_LOOSE_STATISTICS] = {"loose-statistics", QN_FOUND_WARNING,
                                  "min or max are wider than the values, and say that they are "
                                  "exact"},
    [QN_FIND_NAN_STATISTICS] = {"nan-statistics", QN_FOUND_WARNING, "min or max is NaN"},
    [QN_FIND_DISTINCT] = {"distinct", QN_FOUND_WARNING, "the distinct count is not so"},
    [QN_FIND_BLOOM] = {"bloom", QN_FOUND_ERROR, "a bloom filter denies a value that is there"},
    [QN_FIND_ENCODINGS] = {"encodings", QN_FOUND_WARNING,
                           "pages are in encodings that the footer does not list"},
    [QN_FIND_OFFSETS] = {"offsets", QN_FOUND_WARNING,
                         "the footer misplaces the first page of a kind"},
    [QN_FIND_OLD_OFFSETS] = {"old-offsets", QN_FOUND_NOTE,
                             "the dictionary is placed as the first data page, as writers used to"},
    [QN_FIND_SIZES] = {"sizes", QN_FOUND_WARNING, "sizes in the footer are not those of the pages"},
    [QN_FIND_UTF8] = {"utf8", QN_FOUND_WARNING, "a text is not UTF-8"},
    [QN_FIND_INTEGER_RANGE] = {"integer-range", QN_FOUND_WARNING,
                               "an integer is beyond the width that its type declares"},
    [QN_FIND_SORT_ORDER] = {"sort-order", QN_FOUND_ERROR,
                            "rows are not in the order that is declared"},
    [QN_FIND_NULL_KEY] = {"null-key", QN_FOUND_ERROR, "a key is null"},
    [QN_FIND_DUPLICATE] = {"duplicate", QN_FOUND_ERROR, "two rows have the same key"},
    [QN_FIND_GAP] = {"gap", QN_FOUND_WARNING,
                     "a series lacks times between its first and its last"},
    [QN_FIND_OFF_GRID] = {"off-grid", QN_FOUND_WARNING, "a time does not lie on the grid"},
    [QN_FIND_NO_SUCH_TIME] = {"no-such-time", QN_FOUND_WARNING,
                              "a local time that clocks skipped in spring"},
    [QN_FIND_RANGE] = {"range", QN_FOUND_ERROR,
                       "a value lies outside of the range given for its column"},
    [QN_FIND_SCHEMA_RETYPED] = {"schema-retyped", QN_FOUND_WARNING,
                                "a column changes its type from one file to the next"},
    [QN_FIND_SCHEMA_CHANGED] = {"schema-changed", QN_FOUND_NOTE,
                                "a column appears or disappears from one file to the next"},
    [QN_FIND_SCHEMA_EXPECTED] = {"schema-expected", QN_FOUND_ERROR,
                                 "a column is not as the schema given says"},
    [QN_FIND_SERIES_SHORT] = {"series-short", QN_FOUND_NOTE,
                              "a series begins later or ends earlier than the data"},
    [QN_FIND_NON_FINITE] = {"non-finite", QN_FOUND_NOTE, "a column has NaN or infinities"},
    [QN_FIND_NO_STATISTICS] = {"no-statistics", QN_FOUND_NOTE, "columns without min and max"},
    [QN_FIND_NO_NULL_COUNT] = {"no-null-count", QN_FOUND_NOTE, "columns without a null count"},
    [QN_FIND_NO_PAGE_INDEX] = {"no-page-index", QN_FOUND_NOTE, "columns without a page index"},
    [QN_FIND_NO_CRC] = {"no-crc", QN_FOUND_NOTE, "columns whose pages have no checksums"}};

const char *qn_severity_name(enum qn_severity severity)
{
    static const char *const names[QN_SEVERITY_COUNT] = {"note", "warning", "error"};
    return names[severity];
}

void qn_finding_set(struct qn_finding *finding, enum qn_finding_kind kind, const char *format, ...)
{
    va_list arguments;
    finding->kind = kind;
    finding->count = 1;
    va_start(arguments, format);
    vsnprintf(finding->message, sizeof finding->message, format, arguments);
    va_end(arguments);
}

void qn_finding_put(struct qn_buf *out, const struct qn_finding *finding)
{
    qn_buf_u8(out, (uint8_t)finding->kind);
    qn_buf_u32(out, finding->file);
    const int64_t numbers[] = {finding->group, finding->page, finding->offset, finding->row,
                               finding->count};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        qn_buf_u64(out, (uint64_t)numbers[i]);
    qn_buf_text(out, finding->column);
    qn_buf_text(out, finding->message);
}

bool qn_finding_get(struct qn_cursor *in, struct qn_finding *finding)
{
    uint8_t kind = qn_cursor_u8(in);
    finding->kind = (enum qn_finding_kind)kind;
    finding->file = qn_cursor_u32(in);
    int64_t *numbers[] = {&finding->group, &finding->page, &finding->offset, &finding->row,
                          &finding->count};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        *numbers[i] = (int64_t)qn_cursor_u64(in);
    qn_cursor_text(in, finding->column, sizeof finding->column);
    qn_cursor_text(in, finding->message, sizeof finding->message);
    return !in->failed && kind < QN_FIND_KIND_COUNT;
}
