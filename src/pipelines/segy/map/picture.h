/* The map of a survey as glue leaves it for the report: all that is drawn, in one file. */
#ifndef QN_PIPELINES_SEGY_MAP_PICTURE_H
#define QN_PIPELINES_SEGY_MAP_PICTURE_H

#include "pipelines/segy/map/place.h"
#include "render/map.h"

#define QN_MAP_FILE ".quern/map.bin"

/* A map with its texts and lists; zero-initialise. */
struct qn_map_picture {
    struct qn_map_mark *marks; /* owned */
    size_t count;
    double u[2], v[2];
    struct qn_map_line lines[16];
    size_t line_count;
    char value_label[40];
    char caption[240];
    enum qn_length_unit unit;
};

void qn_map_picture_release(struct qn_map_picture *picture);
void qn_map_picture_encode(const struct qn_map_picture *picture, struct qn_buf *buf);
enum qn_status qn_map_picture_decode(const void *bytes, size_t len, struct qn_map_picture *picture,
                                     struct qn_error *err);

/* Draws it; the PNG is appended. */
enum qn_status qn_map_picture_draw(const struct qn_map_picture *picture, const char *title,
                                   struct qn_buf *png, struct qn_error *err);

#endif
