/* What every unit test includes: cmocka with its prerequisites. */
#ifndef QN_TESTS_CHECK_H
#define QN_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
