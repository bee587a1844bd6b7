/* The pipeline `quern segy`: segy.c lists its verbs and options.
 *
 * survey/   the files of a survey and where their traces lie; reading them by number
 * scan/     `scan` and `info`: what a file is and why
 * import/   `import`, step by step: decide, plan, task, glue, report, verify
 * grid/     the same traces as an array of inlines, crosslines, offsets...: grid.zarr
 * map/      positions and fold on the map
 * dataset/  the files of a dataset: its store and tables, written and read back
 * export/   `export`: a dataset as SEG-Y
 * diff/     `diff`: files and datasets side by side
 *
 * The files beside this one hold what these share: the decisions of an import (import.h), its
 * segments and what each of them tells (segments.h, result.h), computed headers, the picture.
 */
#ifndef QN_PIPELINES_SEGY_SEGY_H
#define QN_PIPELINES_SEGY_SEGY_H

#include <quern/pipeline.h>

extern const struct qn_pipeline qn_segy_pipeline;

#endif
