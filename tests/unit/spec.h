/*
 * spec.h - what every unit test includes first: cmocka and the four headers that its 1.1.5 needs
 * before it.
 */
#ifndef TESTS_UNIT_SPEC_H
#define TESTS_UNIT_SPEC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
