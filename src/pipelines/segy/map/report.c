/* Geometry as HTML: see report.h. */
#include "pipelines/segy/map/report.h"

#include "render/html.h"
#include "render/units.h"

#include <stdio.h>

/* A fact that is a length or an angle, if it is there. */
static void put_real(struct qn_buf *html, const json_t *geometry, const char *name,
                     const char *title, int decimals, const char *unit)
{
    const json_t *value = json_object_get(geometry, name);
    if (json_is_number(value))
        qn_html_fact(html, title, "%.*f%s%s", decimals, json_number_value(value), *unit ? " " : "",
                     unit);
}

static void put_range(struct qn_buf *html, const json_t *geometry, const char *least,
                      const char *most, const char *title)
{
    qn_html_fact(html, title, "%.2f to %.2f", json_number_value(json_object_get(geometry, least)),
                 json_number_value(json_object_get(geometry, most)));
}

static void put_corners(struct qn_buf *html, const json_t *corners)
{
    static const struct qn_html_column columns[] = {{"Inline", QN_HTML_RIGHT},
                                                    {"Crossline", QN_HTML_RIGHT},
                                                    {"x", QN_HTML_RIGHT},
                                                    {"y", QN_HTML_RIGHT}};
    static const char *const names[] = {"inline", "crossline", "x", "y"};
    size_t i;
    const json_t *corner;
    qn_html_table_begin(html, columns, 4);
    json_array_foreach(corners, i, corner)
    {
        char text[4][48];
        const char *cells[4];
        for (int c = 0; c < 4; c++) {
            snprintf(text[c], sizeof text[c], "%.*f", c < 2 ? 0 : 2,
                     json_number_value(json_object_get(corner, names[c])));
            cells[c] = text[c];
        }
        qn_html_row(html, columns, 4, cells);
    }
    qn_html_table_end(html);
}

void qn_map_report(const json_t *facts, struct qn_buf *html)
{
    const json_t *geometry = json_object_get(facts, "geometry");
    const json_t *corners = json_object_get(facts, "corners");
    const char *unit = json_string_value(json_object_get(geometry, "unit"));
    const char *length = unit ? unit : "";
    char placed[QN_UNITS_TEXT];
    if (!geometry)
        return;
    qn_html_facts_begin(html);
    qn_html_fact(html, "Positions", "%s of %s traces",
                 json_string_value(json_object_get(geometry, "positions")),
                 qn_units_count((uint64_t)json_integer_value(
                                    json_object_get(geometry, "traces_with_a_position")),
                                placed));
    put_range(html, geometry, "x_min", "x_max", "x");
    put_range(html, geometry, "y_min", "y_max", "y");
    put_real(html, geometry, "inline_azimuth_degrees", "Inlines run at", 2, "degrees from north");
    put_real(html, geometry, "distance_of_inlines", "From inline to inline", 2, length);
    put_real(html, geometry, "distance_of_crosslines", "From crossline to crossline", 2, length);
    put_real(html, geometry, "line_azimuth_degrees", "The line runs at", 2, "degrees from north");
    put_real(html, geometry, "distance_per_number", "From number to number", 2, length);
    put_real(html, geometry, "residual_rms", "Traces lie off the fit by (RMS)", 3, length);
    qn_html_facts_end(html);
    if (corners)
        put_corners(html, corners);
}
