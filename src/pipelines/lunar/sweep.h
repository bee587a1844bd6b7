/* What is found of a sweep and its rows: the records that tasks leave and that the dataset's tables
 * are made of. Plain data of fixed layout; NaN is "no value", and a reason says why. */
#ifndef QN_PIPELINES_LUNAR_SWEEP_H
#define QN_PIPELINES_LUNAR_SWEEP_H

#include "base/buf.h"
#include "format/er3d.h"

/* Why a row has no part in the fits, or none in those of the surface. */
enum qn_lunar_row_reason {
    QN_ROW_USED,
    QN_ROW_FIELD_COUNT, /* not 183 fields */
    QN_ROW_NOT_NUMBER,  /* time, energy, spec_no or magnetic field is no number */
    QN_ROW_LONG_UTC,
    QN_ROW_NO_ENERGY,   /* not above 0 */
    QN_ROW_NO_CELLS,    /* flux or azimuth is missing in every cell */
    QN_ROW_NO_TIME,     /* UTC is no date and time, or that of a clock not set (1970) */
    QN_ROW_NO_FIELD,    /* magnetic field of 0 */
    QN_ROW_NO_ORBIT,    /* no kernel tells where the spacecraft was */
    QN_ROW_NO_SUN,      /* nor the Sun */
    QN_ROW_NO_ATTITUDE, /* outside the attitude table */
    QN_ROW_NO_FRAME,    /* the Sun on the spin axis */
    QN_ROW_NO_FOOT,     /* the field line does not meet the Moon, or both ways */
    QN_ROW_REASONS
};
const char *qn_lunar_row_reason_name(enum qn_lunar_row_reason reason); /* "field-count"; "" used */

/* Why a sweep was not fitted. */
enum qn_lunar_sweep_reason {
    QN_SWEEP_FITTED,
    QN_SWEEP_NO_ROWS,   /* none is usable */
    QN_SWEEP_FEW_ROWS,  /* fewer than it takes */
    QN_SWEEP_BAD_TIME,  /* a row's time is that of a clock not set */
    QN_SWEEP_BAD_FIELD, /* a magnetic field of 0, or of 1000 nT and more */
    QN_SWEEP_REASONS
};
const char *
qn_lunar_sweep_reason_name(enum qn_lunar_sweep_reason reason); /* "no-rows"; "" fitted */

/* What is odd about a sweep that can be used all the same: bits. */
enum qn_lunar_remark {
    QN_REMARK_SHORT = 1 << 0,     /* fewer than 15 rows */
    QN_REMARK_FAULTY = 1 << 1,    /* rows that cannot be used */
    QN_REMARK_TIME_BACK = 1 << 2, /* it, or a row of it, begins before the one in front */
    QN_REMARK_REPEATED = 1 << 3,  /* its number was there before in the file */
    QN_REMARK_SPOILT = 1 << 4,    /* cells that are no numbers */
    QN_REMARK_TIMES = 1 << 5,     /* its rows differ in the time of its start */
    QN_REMARK_MIDNIGHT = 1 << 6,  /* runs past midnight */
    QN_REMARK_SHADOW = 1 << 7     /* the spacecraft enters or leaves the Moon's shadow */
};
enum { QN_REMARKS = 8 };
const char *qn_lunar_remark_name(unsigned bit); /* "short", by number of the bit */

struct qn_lunar_value { /* with the interval of 68 %; ends that are not known are NaN */
    double value;
    double low;
    double high;
    uint8_t reason; /* enum qn_fit_reason */
    uint8_t pad[7];
};

struct qn_lunar_row {
    char utc[QN_ER_UTC]; /* as in the file */
    double utc_s;        /* Unix seconds of it; NaN: none */
    double time_s;       /* of the sweep's start, as in the file */
    double energy_ev;
    double field_nt; /* magnitude */
    double lat_deg;  /* of the spacecraft */
    double lon_deg;
    double altitude_km;
    double foot_lat_deg;
    double foot_lon_deg;
    uint64_t offset;  /* of the line in its file */
    uint32_t fields;  /* that the line has */
    uint32_t bad;     /* its first field that is no number; 0: none */
    uint32_t missing; /* cells without flux or azimuth */
    uint8_t reason;   /* enum qn_lunar_row_reason */
    uint8_t environment;
    uint8_t in_sun;
    uint8_t foot_in_sun;
    int8_t polarity;
    uint8_t pad[3];
};

struct qn_lunar_sweep {
    int64_t file_spec_no; /* as in the file */
    int64_t spec_no;      /* unique in the dataset: set when files are put together */
    uint64_t offset;      /* of its first line */
    double time_s;        /* of its start, as in the file: of its first row, of its last */
    double last_time_s;
    double first_s; /* Unix seconds of its first and last row; NaN: none */
    double last_s;
    struct qn_lunar_value kappa;
    struct qn_lunar_value temperature_ev;
    struct qn_lunar_value density_m3;
    double kappa_chi2;
    struct qn_lunar_value spacecraft_v; /* potential of the spacecraft */
    struct qn_lunar_value surface_v;    /* potential of the surface at the foot */
    struct qn_lunar_value bs_over_bm;   /* field at the spacecraft over that at the surface */
    struct qn_lunar_value beam;         /* amplitude of the beam of secondary electrons */
    double chi2;                        /* of the loss cone */
    double edge_deg;                    /* softness of its edge */
    double assumed_v;        /* potential of the spacecraft that the loss cone was fitted with */
    double current;          /* of electrons to the spacecraft, A/m^2 */
    double debye_m;          /* Debye length */
    double gain_error;       /* relative scatter between energies beyond counting */
    double lat_deg, lon_deg; /* of the spacecraft, and of the foot, in the middle row */
    double altitude_km;
    double foot_lat_deg, foot_lon_deg;
    double foot_dip_deg;
    double field_nt; /* mean of its rows */
    int32_t day;     /* of the file, from 1970-01-01 */
    uint32_t rows;
    uint32_t used_rows;     /* of them in the fits */
    uint32_t missing_cells; /* in all rows */
    uint32_t cells;         /* in the fit of the loss cone */
    uint16_t remarks;       /* enum qn_lunar_remark */
    uint8_t reason;         /* enum qn_lunar_sweep_reason */
    uint8_t identifiable;   /* the sweep tells the surface's potential from any other */
    uint8_t environment;    /* enum qn_environment, of the first row */
    uint8_t in_sun;         /* spacecraft, foot: in the middle row */
    uint8_t foot_in_sun;
    uint8_t has_fit; /* the surface's potential is a number */
    uint8_t kept;    /* is in the NumPy archive */
    int8_t polarity; /* of the middle row */
    uint8_t pad[6];
};

#endif
