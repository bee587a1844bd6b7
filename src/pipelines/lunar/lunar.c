/* The pipeline `lunar`: its verbs and steps as tables. */
#include "pipelines/lunar/lunar.h"

#include "pipelines/lunar/job.h"
#include "pipelines/lunar/report.h"
#include "pipelines/lunar/verbs_show.h"
#include "pipelines/lunar/verbs_sky.h"

static const struct qn_verb verbs[] = {
    {.name = "map",
     .inputs = "DATA...",
     .summary = "find the potentials of spacecraft and lunar surface in every sweep",
     .details =
         "Reads electron spectra (3DYYMMDD.TAB), theta.tab, attitude.tab and SPICE kernels, found "
         "by their names below folders of any layout. For every sweep of 15 energies: its place "
         "over the Moon and where its field line meets the surface, sun and shadow of both, the "
         "kappa distribution of its electrons, the potential of the spacecraft, and by the loss "
         "cone that of the surface, each with the interval of 68 % or the reason why there is "
         "none.\n"
         "The dataset has spectra.parquet (a row for every sweep), rows.parquet (for every line of "
         "the files), files.parquet and rejects.parquet, which account for every line, and "
         "potential_batch_YYYY_MM_DD.npz, the arrays of earlier tools for numpy.load.",
     .example = "quern lunar map lp -o april.ds --year 1998 --month 4\n"
                "quern lunar map 3D980410.TAB kernels/ theta.tab attitude.tab -o day.ds\n"
                "quern lunar map lp -o classic.ds --profile classic --losscone-fit-method lillis",
     .options = qn_lunar_map_options},
    {.name = "fetch",
     .inputs = NULL,
     .summary = "download spectra, kernels and tables from the archives",
     .details =
         "Downloads the files of a day, a month or a year from PDS and NAIF by HTTP, a few at a "
         "time, and the kernels and tables that they need, into the folders where `map` looks for "
         "them. Refusals of an overloaded server are waited out, an interrupted file goes on where "
         "it stopped, and a file gets its name only when it is whole and, where the SHA-1 is "
         "known, right. Files placed by hand serve as well: --list prints what belongs where.",
     .example = "quern lunar fetch --year 1998 --month 4 -o lp\n"
                "quern lunar fetch --year 1998 --month 4 -o lp --list",
     .options = qn_lunar_fetch_options,
     .run = qn_lunar_fetch},
    {.name = "sweep",
     .inputs = "FILE NUMBER",
     .summary = "show one sweep with its fits",
     .details = "Measures the sweep of that number in a file of spectra as `map` does, and prints "
                "what was found with its 68 % intervals and reasons, the spectrum beside its fit, "
                "and fluxes by pitch angle beside the fitted loss cone. --plot draws them.",
     .example = "quern lunar sweep lp/1999/091_120APR/3D990429.TAB 653 --plot sweep.png",
     .options = qn_lunar_sweep_options,
     .run = qn_lunar_show_sweep},
    {.name = "synth",
     .inputs = NULL,
     .summary = "write an archive with known potentials",
     .details = "Electron spectra, attitude, orbit and tables in the forms of the real archive, "
                "from known plasmas and potentials with Poisson's noise, and truth.csv, the answer "
                "key. With --faults it has every fault that archives have.",
     .example = "quern synth lunar --days 2 -o lp",
     .options = qn_lunar_synth_options,
     .run = qn_lunar_synth},
    {.name = "kernels",
     .inputs = "FILE...",
     .summary = "print what SPICE kernels hold",
     .details = "Bodies, frames, types and times of the segments of binary kernels (SPK, either "
                "byte order), leap seconds and orientation in text kernels.",
     .example = "quern lunar kernels lp_ask_980601-981031.bsp naif0012.tls\n"
                "quern lunar kernels lp_ask_980601-981031.bsp --json",
     .options = qn_lunar_kernels_options,
     .run = qn_lunar_kernels_verb},
    {.name = "track",
     .inputs = "KERNELS...",
     .summary = "print where the spacecraft was, as CSV",
     .details = "Positions over the Moon (IAU_MOON, planetocentric) at given times or in equal "
                "steps, from SPICE kernels or folders with them. With --field also the foot of the "
                "straight field line; that takes the attitude table.",
     .example = "quern lunar track lp/ --from 1998-06-08T00:00 --to 1998-06-08T02:00 --step 60\n"
                "quern lunar track lp/ --at 1998-06-08T00:27:41 --field 9.72,-1.28,1.79",
     .options = qn_lunar_track_options,
     .run = qn_lunar_track},
    {0}};

const struct qn_pipeline qn_lunar_pipeline = {
    .name = "lunar",
    .summary = "electron spectra of Lunar Prospector to maps of the Moon's potential",
    .items = "sweeps",
    .version = 1,
    .verbs = verbs,
    .plan = qn_lunar_plan,
    .open_worker = qn_lunar_open_worker,
    .run_task = qn_lunar_run_task,
    .close_worker = qn_lunar_close_worker,
    .glue = qn_lunar_glue,
    .describe = qn_lunar_describe,
    .verify = qn_lunar_verify,
    .report = qn_lunar_report,
};
