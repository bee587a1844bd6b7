/* quern demo: commands that a user could type, shown and run. */
#include "base/io.h"
#include "cli/cli.h"
#include "render/terminal.h"

#include <stdio.h>
#include <string.h>

/* Shows and runs one command line of this program, given as words ended by NULL. */
static int type(const struct cli *cli, const char *const *words)
{
    char *argv[32] = {(char *)cli->program};
    int argc = 1;
    printf("$ %s", cli->program);
    for (; *words && argc < 31; words++) {
        printf(" %s", *words);
        argv[argc++] = (char *)*words;
    }
    printf("\n");
    fflush(stdout);
    return qn_main(argc, argv, cli->pipelines);
}

/* Market prices with planted faults, which a rollup finds; then it ends with code 3. */
static int prices(const struct cli *cli, const char *folder)
{
    char archive[PATH_MAX];
    char dataset[PATH_MAX];
    snprintf(archive, sizeof archive, "%s/prices", folder);
    snprintf(dataset, sizeof dataset, "%s/prices.ds", folder);
    const char *const synth[] = {"synth",  "ercot",  "--points", "200", "--days", "2",
                                 "--pack", "nested", "--faults", "-o",  archive,  NULL};
    const char *const rollup[] = {"ercot", "rollup", archive, "--overwrite", "-o", dataset, NULL};
    const char *const verify[] = {"verify", dataset, NULL};
    int code = type(cli, synth);
    if (code == 0)
        code = type(cli, rollup);
    return code == 0 || code == 3 ? type(cli, verify) : code;
}

/* A month of few electron spectra, and the potentials found in them. */
static int moon(const struct cli *cli, const char *folder)
{
    char archive[PATH_MAX];
    char dataset[PATH_MAX];
    snprintf(archive, sizeof archive, "%s/lunar-prospector", folder);
    snprintf(dataset, sizeof dataset, "%s/moon.ds", folder);
    const char *const synth[] = {"synth", "lunar", "--days", "28", "--sweeps-per-day",
                                 "24",    "-o",    archive,  NULL};
    const char *const map[] = {"lunar", "map", archive, "--overwrite", "-o", dataset, NULL};
    const char *const verify[] = {"verify", dataset, NULL};
    int code = type(cli, synth);
    if (code == 0)
        code = type(cli, map);
    return code == 0 ? type(cli, verify) : code;
}

int cmd_demo(const struct cli *cli, const struct qn_options *options)
{
    struct qn_error err;
    const char *folder = qn_option_string(options, "output");
    char survey[PATH_MAX];
    char dataset[PATH_MAX];
    char stars[PATH_MAX];
    char table[PATH_MAX];
    char features[PATH_MAX];
    snprintf(survey, sizeof survey, "%s/survey.sgy", folder);
    snprintf(dataset, sizeof dataset, "%s/survey.ds", folder);
    snprintf(stars, sizeof stars, "%s/tess", folder);
    snprintf(table, sizeof table, "%s/tess/candidates.csv", folder);
    snprintf(features, sizeof features, "%s/features.ds", folder);
    enum qn_status status = qn_make_dirs(folder, &err);
    if (status)
        return cli_fail(cli, &err);
    const char *const synth[] = {"synth",        "segy", "--inlines", "20",
                                 "--crosslines", "240",  "--samples", "500",
                                 "-o",           survey, NULL};
    const char *const import[] = {
        "segy", "import", survey, "--ensemble-key", "inline", "--overwrite", "-o", dataset, NULL};
    const char *const verify[] = {"verify", dataset, NULL};
    const char *const shine[] = {"synth", "transit", "--stars", "5", "-o", stars, NULL};
    const char *const measure[] = {"transit", "features", table, "--light-curves",
                                   stars,     "--sheets", "1",   "--overwrite",
                                   "-o",      features,   NULL};
    int code = type(cli, synth);
    if (code == 0)
        code = type(cli, import);
    if (code == 0)
        code = type(cli, verify);
    if (code == 0)
        code = prices(cli, folder);
    if (code == 0)
        code = type(cli, shine);
    if (code == 0)
        code = type(cli, measure);
    if (code == 0)
        code = moon(cli, folder);
    if (code == 0)
        qn_terminal_print(stdout,
                          "\ndataset  %s\nreport   %s/report.html\npicture  %s/section.png\n"
                          "prices   %s/prices.ds/report.html\n"
                          "transits %s/features.parquet, with sheets in report.html beside it\n"
                          "moon     %s/moon.ds/report.html, with maps of the surface's potential\n",
                          dataset, dataset, dataset, folder, features, folder);
    return code;
}
