/* What the report draws: see pictures.h. */
#include "pipelines/ercot/pictures.h"

#include <string.h>

void er_pictures_put(struct qn_buf *pictures, const struct er_dataset *dataset, int year,
                     const struct er_coverage *coverage, const struct er_coverage_sum *sum)
{
    const struct er_price *prices = (const struct er_price *)(const void *)coverage->series.data;
    uint32_t count = (uint32_t)(coverage->series.len / sizeof *prices);
    const uint32_t *days = (const uint32_t *)(const void *)sum->days.data;
    uint32_t hours = (uint32_t)(sum->days.len / sizeof *days);
    qn_buf_text(pictures, dataset->name);
    qn_buf_text(pictures, dataset->value >= 0 ? dataset->columns[dataset->value].unit : "");
    qn_buf_u32(pictures, (uint32_t)year);
    qn_buf_u32(pictures, (uint32_t)sum->points);
    qn_buf_u32(pictures, 60u / (uint32_t)coverage->minutes);
    qn_buf_u64(pictures, (uint64_t)coverage->first);
    qn_buf_u32(pictures, hours);
    for (uint32_t i = 0; i < hours; i++)
        qn_buf_u32(pictures, days[i]);
    qn_buf_text(pictures, coverage->pictured);
    qn_buf_u32(pictures, count);
    for (uint32_t i = 0; i < count; i++) {
        qn_buf_u64(pictures, (uint64_t)prices[i].instant);
        qn_buf_real(pictures, prices[i].value);
    }
}

enum qn_status er_pictures_write(struct qn_glue *glue, const struct qn_buf *pictures,
                                 struct qn_error *err)
{
    if (pictures->failed)
        return qn_fail_memory(err, "the pictures", pictures->len);
    return qn_glue_write(glue, ER_PICTURES_FILE, pictures->data ? (void *)pictures->data : "",
                         pictures->len, err);
}

/* The dataset names a file. Its year and its first hour can be calculated with. */
static bool is_sound(const struct er_picture *picture)
{
    return picture->dataset[0] && !strpbrk(picture->dataset, "/.") && picture->year > 0 &&
           picture->year < 10000 && picture->first > INT64_MIN / 2 &&
           picture->first < INT64_MAX / 2;
}

bool er_picture_next(struct qn_cursor *in, struct er_picture *picture)
{
    if (in->at >= in->len)
        return false;
    qn_cursor_text(in, picture->dataset, sizeof picture->dataset);
    qn_cursor_text(in, picture->unit, sizeof picture->unit);
    picture->year = (int)qn_cursor_u32(in);
    picture->points = qn_cursor_u32(in);
    picture->per_hour = qn_cursor_u32(in);
    picture->first = (int64_t)qn_cursor_u64(in);
    picture->hours = qn_cursor_u32(in);
    picture->present = qn_cursor_bytes(in, (size_t)picture->hours * 4);
    qn_cursor_text(in, picture->point, sizeof picture->point);
    picture->prices = qn_cursor_u32(in);
    picture->series = qn_cursor_bytes(in, (size_t)picture->prices * 16);
    in->failed |= !is_sound(picture);
    return !in->failed;
}
