/* An observer that says nothing. */
#ifndef QN_TESTS_QUIET_H
#define QN_TESTS_QUIET_H

#include "engine/observer.h"

static void no_progress(void *context, const struct qn_progress *progress)
{
    (void)context;
    (void)progress;
}

static void no_message(void *context, enum qn_message_level level, const char *text)
{
    (void)context;
    (void)level;
    (void)text;
}

static const struct qn_observer quiet = {.progress = no_progress, .message = no_message};

#endif
