/* The tables of SEG-Y: sample formats, field types, and every field of the trace header, its
 * first extension and the binary header. Readers, writers and documentation use these rows. */
#include "format/segy.h"

#include <stdlib.h>
#include <string.h>

static const struct qn_segy_format formats[] = {
    {1, "ibm", 4, QN_FLOAT32, "IBM floating point, 4 bytes"},
    {2, "int32", 4, QN_INT32, "signed integer, 4 bytes"},
    {3, "int16", 2, QN_INT16, "signed integer, 2 bytes"},
    {4, "gain", 4, QN_FLOAT32, "fixed point with gain, 4 bytes (obsolete)"},
    {5, "ieee", 4, QN_FLOAT32, "IEEE floating point, 4 bytes"},
    {6, "float64", 8, QN_FLOAT64, "IEEE floating point, 8 bytes"},
    {7, "int24", 3, QN_INT32, "signed integer, 3 bytes"},
    {8, "int8", 1, QN_INT8, "signed integer, 1 byte"},
    {9, "int64", 8, QN_INT64, "signed integer, 8 bytes"},
    {10, "uint32", 4, QN_UINT32, "unsigned integer, 4 bytes"},
    {11, "uint16", 2, QN_UINT16, "unsigned integer, 2 bytes"},
    {12, "uint64", 8, QN_UINT64, "unsigned integer, 8 bytes"},
    {15, "uint24", 3, QN_UINT32, "unsigned integer, 3 bytes"},
    {16, "uint8", 1, QN_UINT8, "unsigned integer, 1 byte"},
};
#define FORMATS (sizeof formats / sizeof *formats)

static const struct {
    const char *alias, *name;
} format_aliases[] = {{"ibm32", "ibm"}, {"ieee32", "ieee"}, {"float32", "ieee"}};

static const struct qn_segy_type_info types[QN_SEGY_TYPE_COUNT] = {
    [QN_SEGY_INT8] = {"int8", 1, QN_INT8},        [QN_SEGY_INT16] = {"int16", 2, QN_INT16},
    [QN_SEGY_INT24] = {"int24", 3, QN_INT32},     [QN_SEGY_INT32] = {"int32", 4, QN_INT32},
    [QN_SEGY_INT64] = {"int64", 8, QN_INT64},     [QN_SEGY_UINT8] = {"uint8", 1, QN_UINT8},
    [QN_SEGY_UINT16] = {"uint16", 2, QN_UINT16},  [QN_SEGY_UINT24] = {"uint24", 3, QN_UINT32},
    [QN_SEGY_UINT32] = {"uint32", 4, QN_UINT32},  [QN_SEGY_UINT64] = {"uint64", 8, QN_UINT64},
    [QN_SEGY_IEEE32] = {"ieee32", 4, QN_FLOAT32}, [QN_SEGY_IEEE64] = {"ieee64", 8, QN_FLOAT64},
    [QN_SEGY_IBM32] = {"ibm32", 4, QN_FLOAT32},   [QN_SEGY_ASCII8] = {"ascii8", 8, QN_CHAR8},
    [QN_SEGY_ASCII4] = {"ascii4", 4, QN_CHAR8},   [QN_SEGY_ASCII6] = {"ascii6", 6, QN_CHAR8},
};

#define I16  QN_SEGY_INT16
#define I32  QN_SEGY_INT32
#define I64  QN_SEGY_INT64
#define U8   QN_SEGY_UINT8
#define U16  QN_SEGY_UINT16
#define U32  QN_SEGY_UINT32
#define U64  QN_SEGY_UINT64
#define F64  QN_SEGY_IEEE64
#define TEXT QN_SEGY_ASCII8
#define ONE  QN_SEGY_UNSCALED
#define ELEV QN_SEGY_BY_ELEVATION_SCALAR
#define XY   QN_SEGY_BY_COORDINATE_SCALAR
#define TIME QN_SEGY_BY_TIME_SCALAR
#define SHOT QN_SEGY_BY_SHOTPOINT_SCALAR

/* Rows end where their scalars are the standard's and nothing overrides them. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* clang-format off */
const struct qn_segy_field qn_segy_trace_fields[] = {
    {"trace_sequence_line",           1, I32, ONE,  "trace sequence number within the line"},
    {"trace_sequence_file",           5, I32, ONE,  "trace sequence number within the file"},
    {"field_record",                  9, I32, ONE,  "original field record number"},
    {"trace_number",                 13, I32, ONE,  "trace number within the field record"},
    {"energy_source_point",          17, I32, ONE,  "energy source point number"},
    {"cdp",                          21, I32, ONE,  "ensemble (CDP) number"},
    {"trace_number_cdp",             25, I32, ONE,  "trace number within the ensemble"},
    {"trace_id_code",                29, I16, ONE,  "1 live, 2 dead, 3 dummy, 4 to 41 others"},
    {"vertically_summed",            31, I16, ONE,  "number of vertically summed traces"},
    {"horizontally_stacked",         33, I16, ONE,  "number of horizontally stacked traces (fold)"},
    {"data_use",                     35, I16, ONE,  "1 production, 2 test"},
    {"offset",                       37, I32, ONE,  "distance from source to receiver"},
    {"receiver_elevation",           41, I32, ELEV, "elevation of the receiver group"},
    {"source_elevation",             45, I32, ELEV, "surface elevation at the source"},
    {"source_depth",                 49, I32, ELEV, "source depth below the surface"},
    {"receiver_datum_elevation",     53, I32, ELEV, "datum elevation at the receiver group"},
    {"source_datum_elevation",       57, I32, ELEV, "datum elevation at the source"},
    {"source_water_depth",           61, I32, ELEV, "water depth at the source"},
    {"receiver_water_depth",         65, I32, ELEV, "water depth at the receiver group"},
    {"scalar_elevation",             69, I16, ONE,  "scalar of bytes 41 to 68"},
    {"scalar_coord",                 71, I16, ONE,  "scalar of bytes 73 to 88 and 181 to 188"},
    {"source_x",                     73, I32, XY,   "source X"},
    {"source_y",                     77, I32, XY,   "source Y"},
    {"receiver_x",                   81, I32, XY,   "receiver group X"},
    {"receiver_y",                   85, I32, XY,   "receiver group Y"},
    {"coord_units",                  89, I16, ONE,  "1 length, 2 arc seconds, 3 degrees, 4 DMS"},
    {"weathering_velocity",          91, I16, ONE,  "weathering velocity"},
    {"subweathering_velocity",       93, I16, ONE,  "subweathering velocity"},
    {"source_uphole_time",           95, I16, TIME, "uphole time at the source, ms"},
    {"receiver_uphole_time",         97, I16, TIME, "uphole time at the receiver group, ms"},
    {"source_static",                99, I16, TIME, "source static correction, ms"},
    {"receiver_static",             101, I16, TIME, "receiver group static correction, ms"},
    {"total_static",                103, I16, TIME, "total static applied, ms"},
    {"lag_time_a",                  105, I16, TIME, "from header end to time break, ms"},
    {"lag_time_b",                  107, I16, TIME, "from time break to source initiation, ms"},
    {"delay_recording_time",        109, I16, TIME, "from source initiation to recording, ms"},
    {"mute_start",                  111, I16, TIME, "mute time start, ms"},
    {"mute_end",                    113, I16, TIME, "mute time end, ms"},
    {"sample_count",                115, U16, ONE,  "number of samples in this trace"},
    {"sample_interval",             117, U16, ONE,  "sample interval of this trace, microseconds"},
    {"gain_type",                   119, I16, ONE,  "1 fixed, 2 binary, 3 floating point"},
    {"gain_constant",               121, I16, ONE,  "instrument gain constant, dB"},
    {"initial_gain",                123, I16, ONE,  "instrument early or initial gain, dB"},
    {"correlated",                  125, I16, ONE,  "1 no, 2 yes"},
    {"sweep_frequency_start",       127, I16, ONE,  "sweep frequency at start, Hz"},
    {"sweep_frequency_end",         129, I16, ONE,  "sweep frequency at end, Hz"},
    {"sweep_length",                131, I16, ONE,  "sweep length, ms"},
    {"sweep_type",                  133, I16, ONE,  "1 linear, 2 parabolic, 3 exponential, 4 else"},
    {"sweep_taper_start",           135, I16, ONE,  "sweep taper length at start, ms"},
    {"sweep_taper_end",             137, I16, ONE,  "sweep taper length at end, ms"},
    {"taper_type",                  139, I16, ONE,  "1 linear, 2 cosine squared, 3 other"},
    {"alias_filter_frequency",      141, I16, ONE,  "alias filter frequency, Hz"},
    {"alias_filter_slope",          143, I16, ONE,  "alias filter slope, dB/octave"},
    {"notch_filter_frequency",      145, I16, ONE,  "notch filter frequency, Hz"},
    {"notch_filter_slope",          147, I16, ONE,  "notch filter slope, dB/octave"},
    {"low_cut_frequency",           149, I16, ONE,  "low cut frequency, Hz"},
    {"high_cut_frequency",          151, I16, ONE,  "high cut frequency, Hz"},
    {"low_cut_slope",               153, I16, ONE,  "low cut slope, dB/octave"},
    {"high_cut_slope",              155, I16, ONE,  "high cut slope, dB/octave"},
    {"year",                        157, I16, ONE,  "year of recording; two digits in old files"},
    {"day",                         159, I16, ONE,  "day of the year, from 1"},
    {"hour",                        161, I16, ONE,  "hour of the day"},
    {"minute",                      163, I16, ONE,  "minute of the hour"},
    {"second",                      165, I16, ONE,  "second of the minute"},
    {"time_basis",                  167, I16, ONE,  "1 local, 2 GMT, 3 other, 4 UTC, 5 GPS"},
    {"trace_weighting",             169, I16, ONE,  "N: 2^-N volts is the least significant bit"},
    {"group_number_roll",           171, I16, ONE,  "geophone group of roll switch position one"},
    {"group_number_first",          173, I16, ONE,  "geophone group number of the first trace"},
    {"group_number_last",           175, I16, ONE,  "geophone group number of the last trace"},
    {"gap_size",                    177, I16, ONE,  "number of groups dropped"},
    {"over_travel",                 179, I16, ONE,  "over travel at taper: 1 down, 2 up"},
    {"cdp_x",                       181, I32, XY,   "X of the ensemble"},
    {"cdp_y",                       185, I32, XY,   "Y of the ensemble"},
    {"inline",                      189, I32, ONE,  "inline number"},
    {"crossline",                   193, I32, ONE,  "crossline number"},
    {"shotpoint",                   197, I32, SHOT, "shotpoint number"},
    {"shotpoint_scalar",            201, I16, ONE,  "scalar of byte 197"},
    {"trace_value_unit",            203, I16, ONE,  "unit of the samples: 1 Pa, 2 V, 3 mV, ..."},
    {"transduction_mantissa",       205, I32, ONE,  "transduction constant: mantissa"},
    {"transduction_exponent",       209, I16, ONE,  "transduction constant: power of ten"},
    {"transduction_unit",           211, I16, ONE,  "unit after multiplying by the constant"},
    {"device_trace_id",             213, I16, ONE,  "device or trace identifier"},
    {"scalar_time",                 215, I16, ONE,  "scalar of bytes 95 to 114"},
    {"source_type",                 217, I16, ONE,  "source type and orientation"},
    {"source_energy_vertical",      219, I16, ONE,  "source energy direction, tenths of degrees"},
    {"source_energy_crossline",     221, I16, ONE,  "source energy direction, tenths of degrees"},
    {"source_energy_inline",        223, I16, ONE,  "source energy direction, tenths of degrees"},
    {"source_measurement_mantissa", 225, I32, ONE,  "source measurement: mantissa"},
    {"source_measurement_exponent", 229, I16, ONE,  "source measurement: power of ten"},
    {"source_measurement_unit",     231, I16, ONE,  "source measurement: unit"},
    {"header_name",                 233, TEXT, ONE, "SEG00000 in revision 2; not assigned before"},
    {NULL, 0, 0, 0, NULL},
};

const struct qn_segy_field qn_segy_extension_fields[] = {
    {"ext1_trace_sequence_line",      241, U64, ONE, "trace sequence number within the line"},
    {"ext1_trace_sequence_file",      249, U64, ONE, "trace sequence number within the file"},
    {"ext1_field_record",             257, I64, ONE, "original field record number"},
    {"ext1_cdp",                      265, I64, ONE, "ensemble (CDP) number"},
    {"ext1_receiver_elevation",       273, F64, ONE, "elevation of the receiver group"},
    {"ext1_receiver_depth",           281, F64, ONE, "depth of the receiver group"},
    {"ext1_source_elevation",         289, F64, ONE, "surface elevation at the source"},
    {"ext1_source_depth",             297, F64, ONE, "source depth below the surface"},
    {"ext1_receiver_datum_elevation", 305, F64, ONE, "datum elevation at the receiver group"},
    {"ext1_source_datum_elevation",   313, F64, ONE, "datum elevation at the source"},
    {"ext1_source_water_depth",       321, F64, ONE, "water depth at the source"},
    {"ext1_receiver_water_depth",     329, F64, ONE, "water depth at the receiver group"},
    {"ext1_source_x",                 337, F64, ONE, "source X"},
    {"ext1_source_y",                 345, F64, ONE, "source Y"},
    {"ext1_receiver_x",               353, F64, ONE, "receiver group X"},
    {"ext1_receiver_y",               361, F64, ONE, "receiver group Y"},
    {"ext1_offset",                   369, F64, ONE, "distance from source to receiver"},
    {"ext1_sample_count",             377, U32, ONE, "number of samples in this trace"},
    {"ext1_nanoseconds",              381, I32, ONE, "nanoseconds to add to the second recorded"},
    {"ext1_sample_interval",          385, F64, ONE, "sample interval of this trace, microseconds"},
    {"ext1_device",                   393, I32, ONE, "cable number or recording device number"},
    {"ext1_extra_headers",            397, U16, ONE, "additional trace headers of this trace"},
    {"ext1_last_trace",               399, I16, ONE, "last trace flag"},
    {"ext1_cdp_x",                    401, F64, ONE, "X of the ensemble"},
    {"ext1_cdp_y",                    409, F64, ONE, "Y of the ensemble"},
    {"ext1_header_name",              473, TEXT, ONE, "SEG00001"},
    {NULL, 0, 0, 0, NULL},
};

const struct qn_segy_field qn_segy_binary_fields[] = {
    {"job",                    3201, I32, ONE, "job identification number"},
    {"line",                   3205, I32, ONE, "line number"},
    {"reel",                   3209, I32, ONE, "reel number"},
    {"traces_per_ensemble",    3213, I16, ONE, "data traces per ensemble"},
    {"auxiliary_per_ensemble", 3215, I16, ONE, "auxiliary traces per ensemble"},
    {"interval_us",            3217, U16, ONE, "sample interval, microseconds"},
    {"original_interval_us",   3219, U16, ONE, "sample interval of the field recording"},
    {"samples",                3221, U16, ONE, "samples per trace"},
    {"original_samples",       3223, U16, ONE, "samples per trace of the field recording"},
    {"format",                 3225, I16, ONE, "sample format code"},
    {"fold",                   3227, I16, ONE, "ensemble fold"},
    {"sorting",                3229, I16, ONE, "trace sorting: 1 as recorded, 2 CDP, 4 stack, ..."},
    {"vertical_sum",           3231, I16, ONE, "vertical sum"},
    {"sweep_frequency_start",  3233, I16, ONE, "sweep frequency at start, Hz"},
    {"sweep_frequency_end",    3235, I16, ONE, "sweep frequency at end, Hz"},
    {"sweep_length",           3237, I16, ONE, "sweep length, ms"},
    {"sweep_type",             3239, I16, ONE, "sweep type"},
    {"sweep_channel",          3241, I16, ONE, "trace number of the sweep channel"},
    {"sweep_taper_start",      3243, I16, ONE, "sweep taper length at start, ms"},
    {"sweep_taper_end",        3245, I16, ONE, "sweep taper length at end, ms"},
    {"taper_type",             3247, I16, ONE, "taper type"},
    {"correlated",             3249, I16, ONE, "correlated traces: 1 no, 2 yes"},
    {"gain_recovered",         3251, I16, ONE, "binary gain recovered: 1 yes, 2 no"},
    {"amplitude_recovery",     3253, I16, ONE, "amplitude recovery method"},
    {"measurement_system",     3255, I16, ONE, "1 metres, 2 feet"},
    {"polarity",               3257, I16, ONE, "impulse signal polarity"},
    {"vibratory_polarity",     3259, I16, ONE, "vibratory polarity code"},
    {"extended_traces",        3261, I32, ONE, "revision 2: data traces per ensemble"},
    {"extended_auxiliary",     3265, I32, ONE, "revision 2: auxiliary traces per ensemble"},
    {"extended_samples",       3269, U32, ONE, "revision 2: samples per trace"},
    {"extended_interval_us",   3273, F64, ONE, "revision 2: sample interval, microseconds"},
    {"extended_original_interval_us", 3281, F64, ONE, "revision 2: interval when recorded"},
    {"extended_original_samples",     3289, U32, ONE, "revision 2: samples of the field recording"},
    {"extended_fold",          3293, I32, ONE, "revision 2: ensemble fold"},
    {"byte_order_constant",    3297, U32, ONE, "revision 2: 16909060 in the order of the file"},
    {"revision_major",         3501, U8,  ONE, "SEG-Y revision, major"},
    {"revision_minor",         3502, U8,  ONE, "SEG-Y revision, minor"},
    {"fixed_length",           3503, I16, ONE, "1: all traces have the same length"},
    {"extended_text_count",    3505, I16, ONE, "extended text records; -1 until EndText"},
    {"extra_trace_headers",    3507, I16, ONE, "revision 2: most additional headers per trace"},
    {"survey_type",            3509, I16, ONE, "revision 2.1: survey type"},
    {"time_basis",             3511, I16, ONE, "revision 2: 1 local, 2 GMT, 3 other, 4 UTC, 5 GPS"},
    {"trace_count",            3513, U64, ONE, "revision 2: traces in the file"},
    {"first_trace_offset",     3521, U64, ONE, "revision 2: byte offset of the first trace"},
    {"trailer_count",          3529, I32, ONE, "revision 2: trailer records; -1 unknown"},
    {NULL, 0, 0, 0, NULL},
};
/* clang-format on */

const struct qn_segy_format *qn_segy_format_at(size_t i)
{
    return i < FORMATS ? &formats[i] : NULL;
}

const struct qn_segy_format *qn_segy_format_by_code(int code)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (formats[i].code == code)
            return &formats[i];
    return NULL;
}

const struct qn_segy_format *qn_segy_format_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof format_aliases / sizeof *format_aliases; i++)
        if (strcmp(name, format_aliases[i].alias) == 0)
            name = format_aliases[i].name;
    for (size_t i = 0; i < FORMATS; i++)
        if (strcmp(name, formats[i].name) == 0)
            return &formats[i];
    char *end;
    long code = strtol(name, &end, 10);
    return end != name && *end == '\0' && code > 0 && code <= 16 ? qn_segy_format_by_code((int)code)
                                                                 : NULL;
}

const struct qn_segy_type_info *qn_segy_type_info(enum qn_segy_type type)
{
    return &types[type];
}

int qn_segy_type_by_name(const char *name)
{
    for (int i = 0; i < QN_SEGY_TYPE_COUNT; i++)
        if (strcmp(name, types[i].name) == 0)
            return i;
    return -1;
}

int qn_segy_type_by_letter(const char *letter)
{
    static const struct {
        char letter;
        enum qn_segy_type type;
    } letters[] = {
        {'b', QN_SEGY_INT8},   {'B', QN_SEGY_UINT8},  {'h', QN_SEGY_INT16}, {'H', QN_SEGY_UINT16},
        {'i', QN_SEGY_INT32},  {'I', QN_SEGY_UINT32}, {'q', QN_SEGY_INT64}, {'Q', QN_SEGY_UINT64},
        {'f', QN_SEGY_IEEE32}, {'d', QN_SEGY_IEEE64},
    };
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (letter[0] == letters[i].letter && letter[1] == '\0')
            return letters[i].type;
    return -1;
}

const char *qn_segy_scaling_name(enum qn_segy_scaling scaling)
{
    static const char *const names[QN_SEGY_SCALING_COUNT] = {
        [QN_SEGY_UNSCALED] = "none",
        [QN_SEGY_BY_ELEVATION_SCALAR] = "elevations",
        [QN_SEGY_BY_COORDINATE_SCALAR] = "coordinates",
        [QN_SEGY_BY_TIME_SCALAR] = "times",
        [QN_SEGY_BY_SHOTPOINT_SCALAR] = "shotpoints",
    };
    return names[scaling];
}

struct qn_segy_place qn_segy_scalar_place(const struct qn_segy_field *field)
{
    static const uint16_t standard[QN_SEGY_SCALING_COUNT] = {
        [QN_SEGY_BY_ELEVATION_SCALAR] = 69,
        [QN_SEGY_BY_COORDINATE_SCALAR] = 71,
        [QN_SEGY_BY_TIME_SCALAR] = 215,
        [QN_SEGY_BY_SHOTPOINT_SCALAR] = 201,
    };
    if (field->scalar.byte != 0)
        return field->scalar;
    return (struct qn_segy_place){standard[field->scaling], QN_SEGY_INT16};
}

const struct qn_segy_field *qn_segy_find_field(const struct qn_segy_field *table, const char *name)
{
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}
