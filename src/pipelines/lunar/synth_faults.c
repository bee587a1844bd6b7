/* Planted faults: see synth_faults.h. */
#include "pipelines/lunar/synth_faults.h"

#include "format/er3d_write.h"

#include <stdio.h>
#include <string.h>

enum { SPOILT_ROW = 4 };

const char *qn_synth_fault_name(enum qn_synth_fault fault)
{
    static const char *const names[QN_SYNTH_FAULTS] = {
        [QN_FAULT_NONE] = "",
        [QN_FAULT_DEAD] = "dead",
        [QN_FAULT_TEAM_FLAGS] = "team_flags",
        [QN_FAULT_PPI_FLAGS] = "ppi_flags",
        [QN_FAULT_SOME_FLAGS] = "some_flags",
        [QN_FAULT_EMPTY_ROW] = "empty_row",
        [QN_FAULT_182_FIELDS] = "182_fields",
        [QN_FAULT_184_FIELDS] = "184_fields",
        [QN_FAULT_TEXT] = "text",
        [QN_FAULT_14_ROWS] = "14_rows",
        [QN_FAULT_BACK_IN_TIME] = "back_in_time",
        [QN_FAULT_NO_FIELD] = "no_field",
        [QN_FAULT_WILD_FIELD] = "wild_field",
        [QN_FAULT_NO_TIME] = "no_time",
    };
    return names[fault];
}

/* Every `every`-th cell gets the flags. */
static void flag(struct qn_synth_rows *rows, size_t first, size_t every, double flux, double phi)
{
    for (size_t row = 0; row < QN_ER_ROWS; row++) {
        for (size_t cell = first; cell < QN_ER_CELLS; cell += every) {
            rows->flux[row][cell] = flux;
            rows->phi_deg[row][cell] = phi;
        }
    }
}

static void exchange(void *a, void *b, size_t size)
{
    char kept[QN_ER_UTC];
    memcpy(kept, a, size);
    memcpy(a, b, size);
    memcpy(b, kept, size);
}

void qn_synth_spoil(enum qn_synth_fault fault, struct qn_synth_rows *rows)
{
    switch (fault) {
    case QN_FAULT_DEAD:
        memset(rows->flux, 0, sizeof rows->flux);
        break;
    case QN_FAULT_TEAM_FLAGS:
        flag(rows, 0, 1, QN_ER_TEAM_FLUX, QN_ER_TEAM_PHI);
        break;
    case QN_FAULT_PPI_FLAGS:
        flag(rows, 0, 1, QN_ER_PPI_FLUX, QN_ER_PPI_PHI);
        break;
    case QN_FAULT_SOME_FLAGS:
        flag(rows, 0, 6, QN_ER_TEAM_FLUX, QN_ER_TEAM_PHI);
        flag(rows, 3, 6, QN_ER_PPI_FLUX, QN_ER_PPI_PHI);
        break;
    case QN_FAULT_EMPTY_ROW:
        memset(rows->flux[SPOILT_ROW], 0, sizeof rows->flux[SPOILT_ROW]);
        break;
    case QN_FAULT_14_ROWS:
        rows->count = QN_ER_ROWS - 1;
        break;
    case QN_FAULT_BACK_IN_TIME:
        exchange(rows->utc[SPOILT_ROW], rows->utc[SPOILT_ROW + 1], QN_ER_UTC);
        break;
    case QN_FAULT_NO_FIELD:
        memset(rows->mag_nt[SPOILT_ROW], 0, sizeof rows->mag_nt[SPOILT_ROW]);
        break;
    case QN_FAULT_WILD_FIELD:
        rows->mag_nt[SPOILT_ROW][2] = 2000;
        break;
    case QN_FAULT_NO_TIME:
        snprintf(rows->utc[SPOILT_ROW], QN_ER_UTC, "1970-01-01T00:00:00");
        break;
    default:
        break;
    }
}

void qn_synth_spoil_line(enum qn_synth_fault fault, size_t row, struct qn_buf *out, size_t line)
{
    if (row != SPOILT_ROW || out->failed)
        return;
    if (fault == QN_FAULT_182_FIELDS)
        while (out->len > line && out->data[out->len - 1] != ' ')
            out->len--;
    if (fault == QN_FAULT_184_FIELDS)
        qn_buf_printf(out, "  12.34");
    if (fault == QN_FAULT_TEXT) /* the energy stands behind time and UTC */
        memcpy(out->data + line + 33, "**********", 10);
}
