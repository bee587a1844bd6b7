/* The built-in schema: datasets.schema, put into the program as it is. */
#include "pipelines/ercot/schema.h"

__asm__(".pushsection .rodata\n"
        ".globl er_builtin_schema\n"
        ".type er_builtin_schema, @object\n"
        "er_builtin_schema:\n"
        ".incbin \"pipelines/ercot/datasets.schema\"\n"
        "1:\n"
        ".byte 0\n"
        ".size er_builtin_schema, . - er_builtin_schema\n"
        ".balign 8\n"
        ".globl er_builtin_schema_len\n"
        ".type er_builtin_schema_len, @object\n"
        "er_builtin_schema_len:\n"
        ".quad 1b - er_builtin_schema\n"
        ".size er_builtin_schema_len, 8\n"
        ".popsection\n");
