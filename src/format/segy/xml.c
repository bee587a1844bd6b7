/* The header layout that a file of revision 2.1 brings along: the stanza among its extended text
 * records, and the XML in it (SEG-Y revision 2.1, D8); see segy.h. Strict: a layout with one bad
 * entry is none, since its other entries cannot be trusted either. */
#include "format/segy/mapping.h"

#include "base/sys.h"

#include <ctype.h>
#include <expat.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- names and types ------------------------------------------------------------------------ */

/* The standard's short names beside those of this program. Those of scale6 are two fields. */
static const struct {
    const char *d8, *name;
} names[] = {
    {"linetrc", "trace_sequence_line"},
    {"reeltrc", "trace_sequence_file"},
    {"ffid", "field_record"},
    {"chan", "trace_number"},
    {"espnum", "energy_source_point"},
    {"cdptrc", "trace_number_cdp"},
    {"trctype", "trace_id_code"},
    {"vstack", "vertically_summed"},
    {"fold", "horizontally_stacked"},
    {"rectype", "data_use"},
    {"relev", "receiver_elevation"},
    {"rdepth", "receiver_depth"},
    {"selev", "source_elevation"},
    {"sdepth", "source_depth"},
    {"rdatum", "receiver_datum_elevation"},
    {"sdatum", "source_datum_elevation"},
    {"wdepthso", "source_water_depth"},
    {"wdepthrc", "receiver_water_depth"},
    {"ed_scal", "scalar_elevation"},
    {"co_scal", "scalar_coord"},
    {"sht_x", "source_x"},
    {"sht_y", "source_y"},
    {"rec_x", "receiver_x"},
    {"rec_y", "receiver_y"},
    {"coorunit", "coord_units"},
    {"wvel", "weathering_velocity"},
    {"subwvel", "subweathering_velocity"},
    {"shuphole", "source_uphole_time"},
    {"rcuphole", "receiver_uphole_time"},
    {"shstat", "source_static"},
    {"rcstat", "receiver_static"},
    {"stapply", "total_static"},
    {"lagtimea", "lag_time_a"},
    {"lagtimeb", "lag_time_b"},
    {"delay", "delay_recording_time"},
    {"mutestrt", "mute_start"},
    {"muteend", "mute_end"},
    {"nsamps", "sample_count"},
    {"dt", "sample_interval"},
    {"nanosecs", "nanoseconds"},
    {"gaintype", "gain_type"},
    {"ingconst", "gain_constant"},
    {"initgain", "initial_gain"},
    {"corrflag", "correlated"},
    {"sweepsrt", "sweep_frequency_start"},
    {"sweepend", "sweep_frequency_end"},
    {"sweeplng", "sweep_length"},
    {"sweeptyp", "sweep_type"},
    {"sweepstp", "sweep_taper_start"},
    {"sweepetp", "sweep_taper_end"},
    {"tapertyp", "taper_type"},
    {"aliasfil", "alias_filter_frequency"},
    {"aliaslop", "alias_filter_slope"},
    {"notchfil", "notch_filter_frequency"},
    {"notchslp", "notch_filter_slope"},
    {"lowcut", "low_cut_frequency"},
    {"highcut", "high_cut_frequency"},
    {"lowcslop", "low_cut_slope"},
    {"hicslop", "high_cut_slope"},
    {"timebase", "time_basis"},
    {"trweight", "trace_weighting"},
    {"rstaswp1", "group_number_roll"},
    {"rstatrc1", "group_number_first"},
    {"rstatrcn", "group_number_last"},
    {"gapsize", "gap_size"},
    {"overtrvl", "over_travel"},
    {"iline", "inline"},
    {"xline", "crossline"},
    {"sp", "shotpoint"},
    {"sp_scal", "shotpoint_scalar"},
    {"samp_unit", "trace_value_unit"},
    {"trans_const", "transduction"},
    {"trans_unit", "transduction_unit"},
    {"dev_id", "device_trace_id"},
    {"cable_num", "device"},
    {"tm_scal", "scalar_time"},
    {"src_type", "source_type"},
    {"src_dir1", "source_energy_vertical"},
    {"src_dir2", "source_energy_crossline"},
    {"src_dir3", "source_energy_inline"},
    {"smeasure", "source_measurement"},
    {"sm_unit", "source_measurement_unit"},
    {"last_trc", "last_trace"},
};

static const struct {
    const char *d8;
    uint8_t type, scaling;
} types[] = {
    {"int1", QN_SEGY_INT8, 0},
    {"int2", QN_SEGY_INT16, 0},
    {"int3", QN_SEGY_INT24, 0},
    {"int4", QN_SEGY_INT32, 0},
    {"int8", QN_SEGY_INT64, 0},
    {"uint1", QN_SEGY_UINT8, 0},
    {"uint2", QN_SEGY_UINT16, 0},
    {"uint3", QN_SEGY_UINT24, 0},
    {"uint4", QN_SEGY_UINT32, 0},
    {"uint8", QN_SEGY_UINT64, 0},
    {"ibmfp", QN_SEGY_IBM32, 0},
    {"ieee32", QN_SEGY_IEEE32, 0},
    {"ieee64", QN_SEGY_IEEE64, 0},
    {"linetrc", QN_SEGY_UINT32, 0},
    {"reeltrc", QN_SEGY_UINT32, 0},
    {"linetrc8", QN_SEGY_UINT64, 0},
    {"reeltrc8", QN_SEGY_UINT64, 0},
    {"coor4", QN_SEGY_INT32, QN_SEGY_BY_COORDINATE_SCALAR},
    {"elev4", QN_SEGY_INT32, QN_SEGY_BY_ELEVATION_SCALAR},
    {"time2", QN_SEGY_INT16, QN_SEGY_BY_TIME_SCALAR},
    {"spnum4", QN_SEGY_INT32, QN_SEGY_BY_SHOTPOINT_SCALAR},
    {"scale6", QN_SEGY_INT32, 0}, /* a mantissa; its exponent follows */
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const char *long_name(const char *d8)
{
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(names[i].d8, d8) == 0)
            return names[i].name;
    return d8;
}

/* ---- the layout ----------------------------------------------------------------------------- */

struct reader {
    XML_Parser xml;
    const struct qn_segy_header_set *set;
    struct qn_segy_mapping *mapping;
    char *name;      /* of the layout */
    int depth;       /* 1 in the layout, 2 in an extension */
    int skipped;     /* elements open within one that means nothing here */
    int header;      /* which entries are read: 0 the standard one; -1 not in the file */
    char prefix[12]; /* of its fields */
    bool renamed;    /* they have the standard's short names, which become the long ones */
    bool described[QN_SEGY_MAX_HEADERS];
    bool extensions; /* take their entries, else those of the standard header */
    bool finished;
    char what[200]; /* is wrong */
    struct qn_error *err;
    enum qn_status status;
};

/* Stops reading; the first reason counts. */
static void wrong(struct reader *reader, const char *what, const char *which)
{
    if (reader->status == QN_OK)
        snprintf(reader->what, sizeof reader->what, "%s '%.60s'", what, which ? which : "");
    if (reader->status == QN_OK)
        reader->status = QN_ERR_INPUT;
    XML_StopParser(reader->xml, XML_FALSE);
}

static const char *attribute(const char **attributes, const char *name)
{
    for (; attributes[0]; attributes += 2)
        if (strcmp(attributes[0], name) == 0)
            return attributes[1];
    return NULL;
}

/* The prefix of a header's fields, and the header's place; the standard one has none. */
static void find_header(struct reader *reader, const char *name)
{
    reader->header = -1;
    for (int k = 1; k < QN_SEGY_MAX_HEADERS && reader->header < 0; k++)
        if (name[0] && !strcmp(reader->set->names[k], name))
            reader->header = k;
    if (reader->header >= 0)
        reader->described[reader->header] = true;
    int number;
    reader->renamed = sscanf(name, "SEG%5d", &number) == 1 && strlen(name) == 8;
    if (reader->renamed) {
        snprintf(reader->prefix, sizeof reader->prefix, "ext%d_", number);
        return;
    }
    snprintf(reader->prefix, sizeof reader->prefix, "%.8s_", name);
    for (char *c = reader->prefix; *c; c++)
        *c = isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '_';
}

/* A field of that name, with the header's prefix before it and `suffix` behind. */
static void add_field(struct reader *reader, const char *d8, const char *suffix,
                      struct qn_segy_field field, bool overrides)
{
    struct qn_segy_mapping *mapping = reader->mapping;
    char name[SEGY_MAX_NAME + 1], description[SEGY_MAX_NAME + 40];
    int len = snprintf(name, sizeof name, "%s%s%s", reader->prefix,
                       reader->renamed ? long_name(d8) : d8, suffix);
    for (char *c = name; *c; c++)
        *c = isalnum((unsigned char)*c) ? *c : '_';
    if (len >= (int)sizeof name || !segy_is_name(name)) {
        wrong(reader, "no name for a field:", d8);
        return;
    }
    ptrdiff_t same = qn_segy_mapping_find(mapping, name);
    if (same >= 0 && overrides) {
        mapping->fields[same].override = (struct qn_segy_place){field.byte, field.type};
        return;
    }
    if (same >= 0) {
        wrong(reader, "two entries are called", d8);
        return;
    }
    snprintf(description, sizeof description, "%s of the file's own layout", d8);
    field.name = name;
    field.description = description;
    reader->status = segy_mapping_add(mapping, &field, reader->err);
    if (reader->status)
        XML_StopParser(reader->xml, XML_FALSE);
    ptrdiff_t base = qn_segy_mapping_find(mapping, name + strlen(reader->prefix));
    if (!reader->status && overrides && reader->prefix[0] && base >= 0)
        mapping->fields[base].override = (struct qn_segy_place){field.byte, field.type};
}

static void read_entry(struct reader *reader, const char **attributes)
{
    const char *d8 = attribute(attributes, "name");
    const char *byte = attribute(attributes, "byte");
    const char *type = attribute(attributes, "type");
    const char *condition = attribute(attributes, "if-non-zero");
    if (!d8 || !byte || !type) {
        wrong(reader, "an entry lacks its name, byte or type:", d8);
        return;
    }
    size_t t = 0;
    while (t < COUNT(types) && strcmp(types[t].d8, type) != 0)
        t++;
    if (t == COUNT(types)) {
        wrong(reader, "unknown type", type);
        return;
    }
    bool two = strcmp(type, "scale6") == 0;
    struct qn_segy_field field = {.type = types[t].type, .scaling = types[t].scaling};
    long bytes = (long)qn_segy_type_info((enum qn_segy_type)field.type)->bytes + (two ? 2 : 0);
    char *end;
    long first = strtol(byte, &end, 10);
    if (end == byte || *end || first < 1 || first > QN_SEGY_TRACE_HEADER_BYTES - bytes + 1) {
        wrong(reader, "an entry does not lie within bytes 1 to 240:", d8);
        return;
    }
    if (reader->header < 0 || (reader->header > 0) != reader->extensions)
        return;
    /* Counts and intervals are never negative, whatever the layout says. */
    if (field.type == QN_SEGY_INT16 && (!strcmp(d8, "nsamps") || !strcmp(d8, "dt")))
        field.type = QN_SEGY_UINT16;
    field.byte = (uint16_t)(first + reader->header * QN_SEGY_TRACE_HEADER_BYTES);
    add_field(reader, d8, two ? "_mantissa" : "", field, condition && strtol(condition, NULL, 10));
    if (two && !reader->status) {
        field.byte = (uint16_t)(field.byte + 4);
        field.type = QN_SEGY_INT16;
        add_field(reader, d8, "_exponent", field, false);
    }
}

static void start_element(void *context, const char *element, const char **attributes)
{
    struct reader *reader = context;
    if (reader->skipped > 0 || reader->status) {
        reader->skipped++;
        return;
    }
    if (reader->depth == 0 && strcmp(element, "segy-layout") != 0) {
        wrong(reader, "the root element is", element);
    } else if (reader->depth == 0) {
        const char *name = attribute(attributes, "name");
        snprintf(reader->name, 64, "%s", name ? name : "");
        reader->depth = 1;
    } else if (strcmp(element, "entry") == 0) {
        read_entry(reader, attributes);
        reader->skipped = 1;
    } else if (reader->depth == 1 && strcmp(element, "extension") == 0) {
        const char *name = attribute(attributes, "name");
        if (!name || !*name)
            wrong(reader, "an extension has no name", "");
        else
            find_header(reader, name);
        reader->depth = 2;
    } else {
        reader->skipped = 1; /* a description, or what later revisions add */
    }
}

static void end_element(void *context, const char *element)
{
    (void)element;
    struct reader *reader = context;
    if (reader->skipped > 0) {
        reader->skipped--;
        return;
    }
    reader->depth--;
    reader->header = 0;
    reader->renamed = true;
    reader->prefix[0] = '\0';
    if (reader->depth == 0) {
        reader->finished = true; /* what follows is padding */
        XML_StopParser(reader->xml, XML_FALSE);
    }
}

/* Entities could make much of little; no layout needs them. */
static void start_doctype(void *context, const char *name, const char *system_id,
                          const char *public_id, int internal)
{
    (void)system_id;
    (void)public_id;
    (void)internal;
    wrong(context, "a document type is declared:", name);
}

/* Bytes 233-240, which every header has for its name, and extension 1, where nothing is said. */
static enum qn_status complete(struct reader *reader)
{
    struct qn_segy_mapping *mapping = reader->mapping;
    enum qn_status status = QN_OK;
    bool named = false;
    for (size_t i = 0; i < mapping->field_count; i++) {
        const struct qn_segy_field *field = &mapping->fields[i];
        unsigned bytes = qn_segy_type_info((enum qn_segy_type)field->type)->bytes;
        named |= field->byte <= QN_SEGY_TRACE_HEADER_BYTES && field->byte + bytes > 233;
    }
    const struct qn_segy_field *header_name =
        qn_segy_find_field(qn_segy_trace_fields, "header_name");
    if (!named && qn_segy_mapping_find(mapping, header_name->name) < 0)
        status = segy_mapping_add(mapping, header_name, reader->err);
    if (!status && !reader->described[1] && !strcmp(reader->set->names[1], "SEG00001")) {
        status = segy_mapping_add_table(mapping, qn_segy_extension_fields, UINT16_MAX, reader->err);
        segy_mapping_override(mapping, "ext1_");
    }
    segy_mapping_settle(mapping, SEGY_SCALARS_NAMED);
    return status;
}

static enum qn_status refuse(const struct reader *reader)
{
    unsigned long line = XML_GetCurrentLineNumber(reader->xml);
    if (reader->what[0])
        return qn_fail(reader->err, QN_ERR_INPUT, "line %lu: %s", line, reader->what);
    return qn_fail(reader->err, QN_ERR_INPUT, "line %lu: %s", line,
                   XML_ErrorString(XML_GetErrorCode(reader->xml)));
}

/* Reads all of it, and takes the entries of the standard header or those of the others. */
static enum qn_status pass(struct reader *reader, const char *xml, size_t len, bool extensions)
{
    reader->depth = reader->skipped = reader->header = 0;
    reader->prefix[0] = '\0';
    reader->renamed = true;
    reader->finished = false;
    reader->extensions = extensions;
    XML_SetUserData(reader->xml, reader);
    XML_SetElementHandler(reader->xml, start_element, end_element);
    XML_SetStartDoctypeDeclHandler(reader->xml, start_doctype);
    XML_Parse(reader->xml, xml, (int)len, XML_TRUE);
    if (!reader->status && XML_GetErrorCode(reader->xml) == XML_ERROR_NO_MEMORY)
        return qn_fail_memory(reader->err, "the header layout", len);
    if (reader->status == QN_ERR_INPUT || (!reader->status && !reader->finished))
        return refuse(reader);
    return reader->status;
}

static enum qn_status parse(struct reader *reader, const char *xml, size_t len)
{
    enum qn_status status = pass(reader, xml, len, false);
    if (!status) {
        XML_ParserReset(reader->xml, "UTF-8");
        status = pass(reader, xml, len, true);
    }
    if (!status && reader->mapping->field_count == 0)
        return qn_fail(reader->err, QN_ERR_INPUT, "it has no entries");
    return status ? status : complete(reader);
}

enum qn_status qn_segy_mapping_xml(const char *xml, size_t len,
                                   const struct qn_segy_header_set *set, char name[64],
                                   struct qn_segy_mapping *mapping, struct qn_error *err)
{
    const XML_Memory_Handling_Suite memory = {qn_sys.malloc, qn_sys.realloc, free};
    struct reader reader = {.set = set, .mapping = mapping, .name = name, .err = err};
    *mapping = (struct qn_segy_mapping){0};
    name[0] = '\0';
    while (len > 0 && isspace((unsigned char)*xml)) {
        xml++;
        len--;
    }
    if (len > INT_MAX)
        return qn_fail(err, QN_ERR_INPUT, "it has more than 2 GiB");
    reader.xml = XML_ParserCreate_MM("UTF-8", &memory, NULL);
    if (!reader.xml)
        return qn_fail_memory(err, "the header layout", len);
    enum qn_status status = parse(&reader, xml, len);
    XML_ParserFree(reader.xml);
    if (status)
        qn_segy_mapping_release(mapping);
    return status;
}

/* ---- the stanza ----------------------------------------------------------------------------- */

/* What a record's bytes are in ASCII; NULs and controls other than ends of lines are blanks. */
static uint8_t character(uint8_t code, bool ebcdic)
{
    uint8_t latin1 = ebcdic ? qn_segy_latin1_of_ebcdic(code) : code;
    if (ebcdic && latin1 == 0x85) /* next line */
        return '\n';
    return latin1 < 0x20 && latin1 != '\n' && latin1 != '\t' ? ' ' : latin1;
}

/* Whether a stanza starts with the record, and in which code. */
static bool is_stanza(const uint8_t *record, bool *ebcdic)
{
    *ebcdic = record[0] == 0x4D && record[1] == 0x4D;
    return *ebcdic || (record[0] == '(' && record[1] == '(');
}

/* Bytes of the stanza's header ((NAME...)) if it is the one named, else 0. */
static size_t match(const uint8_t *record, bool ebcdic, const char *name)
{
    char head[128];
    size_t at = 2, len = 0;
    for (; at < sizeof head && len < sizeof head - 1; at++) {
        char c = (char)character(record[at], ebcdic);
        if (c == ')')
            break;
        if (c != ' ')
            head[len++] = c;
    }
    head[len] = '\0';
    size_t named = strlen(name);
    if (strncasecmp(head, name, named) != 0 || (head[named] != '\0' && head[named] != ':'))
        return 0;
    return at + 2;
}

static void append(struct qn_buf *text, uint8_t code, bool ebcdic)
{
    uint8_t c = character(code, ebcdic);
    if (ebcdic && c >= 0x80) {
        qn_buf_u8(text, (uint8_t)(0xC0 | c >> 6));
        c = (uint8_t)(0x80 | (c & 0x3F));
    }
    qn_buf_u8(text, c);
}

void qn_segy_stanza(const uint8_t *records, size_t count, const char *name, struct qn_buf *text,
                    bool *found)
{
    bool within = false, code = false, ebcdic = false;
    *found = false;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *record = records + i * QN_SEGY_TEXT_BYTES;
        size_t start = 0;
        if (is_stanza(record, &code)) {
            if (within)
                return;
            start = match(record, code, name);
            within = start > 0;
            ebcdic = code;
            *found |= within;
        }
        for (size_t b = start; b < QN_SEGY_TEXT_BYTES && within; b++)
            append(text, record[b], ebcdic);
    }
}
