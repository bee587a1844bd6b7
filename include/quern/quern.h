/* Quern: grinds instrument archives into analysis-ready datasets. Umbrella header. */
#ifndef QUERN_QUERN_H
#define QUERN_QUERN_H

#include <quern/error.h>
#include <quern/pipeline.h>
#include <quern/version.h>

#endif
