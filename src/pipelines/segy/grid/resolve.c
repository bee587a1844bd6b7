/* Finding the columns of a grid: see resolve.h. */
#include "pipelines/segy/grid/resolve.h"

#include "base/nearest.h"
#include "pipelines/segy/survey/view.h"

#include <stdio.h>
#include <string.h>

/* The single word after --grid is neither a template nor a column. */
static enum qn_status unknown_word(const struct qn_import *import, const char *word,
                                   struct qn_error *err)
{
    struct qn_nearest nearest = qn_nearest_to(word);
    char known[512] = "";
    char hint[128];
    size_t len = 0;
    for (const struct qn_grid_template *t = qn_grid_templates; t->name; t++) {
        qn_nearest_try(&nearest, t->name);
        if (len < sizeof known)
            len +=
                (size_t)snprintf(known + len, sizeof known - len, "%s%s", len ? ", " : "", t->name);
    }
    for (size_t i = 0; i < import->field_count; i++)
        qn_nearest_try(&nearest, import->fields[i].name);
    return qn_fail(err, QN_ERR_USAGE,
                   "--grid '%s' is neither a template nor a column of headers.parquet.%s Templates "
                   "are: %s. Or list columns: --grid inline,crossline,offset.",
                   word, qn_nearest_hint(&nearest, hint), known);
}

static enum qn_status unknown_column(const struct qn_import *import,
                                     const struct qn_grid_request *request,
                                     const struct qn_grid_wish *wish, struct qn_error *err)
{
    struct qn_nearest nearest = qn_nearest_to(wish->sources[0]);
    char list[QN_GRID_KEYS * (QN_ZARR_NAME + 8)] = "";
    char hint[128];
    size_t len = 0;
    for (size_t i = 0; i < import->field_count; i++)
        qn_nearest_try(&nearest, import->fields[i].name);
    for (uint32_t d = 0; d < request->ndim; d++)
        len +=
            (size_t)snprintf(list + len, sizeof list - len, "%s%s%s", d ? "," : "",
                             request->wishes[d].name, &request->wishes[d] == wish ? "=COLUMN" : "");
    return qn_fail(err, QN_ERR_USAGE,
                   "--grid: headers.parquet has no column '%s' for the dimension '%s'.%s Say with "
                   "--layout in which bytes of the trace header it is, or which column it is: "
                   "--grid %s.",
                   wish->sources[0], wish->name, qn_nearest_hint(&nearest, hint), list);
}

/* The first source that varies, or else the first there is. */
static enum qn_status find_source(const struct qn_import *import, const struct qn_grid_wish *wish,
                                  const char **source, struct qn_error *err)
{
    const char *names[QN_GRID_SOURCES];
    struct qn_glance glances[QN_GRID_SOURCES];
    size_t count = 0;
    while (count < QN_GRID_SOURCES && wish->sources[count][0]) {
        names[count] = wish->sources[count];
        count++;
    }
    enum qn_status status = qn_glance_at(import, names, count, glances, err);
    *source = NULL;
    for (size_t i = count; i-- > 0 && !status;)
        if (glances[i].known)
            *source = names[i];
    for (size_t i = count; i-- > 0 && !status;)
        if (glances[i].varies)
            *source = names[i];
    return status;
}

enum qn_status qn_grid_resolve(const struct qn_import *import,
                               const struct qn_grid_request *request, struct qn_grid_scan *scan,
                               struct qn_error *err)
{
    scan->width = request->ndim;
    for (uint32_t d = 0; d < request->ndim; d++) {
        const struct qn_grid_wish *wish = &request->wishes[d];
        const char *source;
        enum qn_status status = find_source(import, wish, &source, err);
        if (status)
            return status;
        if (!source && request->ndim == 1 && !request->known &&
            !strcmp(wish->name, wish->sources[0]))
            return unknown_word(import, wish->name, err);
        if (!source)
            return unknown_column(import, request, wish, err);
        memcpy(scan->columns[d], source, sizeof scan->columns[d]);
    }
    return QN_OK;
}
