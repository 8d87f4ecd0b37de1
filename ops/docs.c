/*
 * docs.c - `docs settings|sample`: the table of settings as Markdown, or as a commented sample
 * file. For `make docs`.
 */
#include <stdio.h>
#include <string.h>

#include "ops/runtime/config.h"

int main(int argc, char **argv)
{
    owned_value(strbuf_release) struct strbuf out = {0};
    if (argc == 2 && strcmp(argv[1], "settings") == 0) {
        config_print_docs(&out);
    } else if (argc == 2 && strcmp(argv[1], "sample") == 0) {
        config_print_sample(&out);
    } else {
        fprintf(stderr, "usage: docs settings|sample\n");
        return 64;
    }
    return fwrite(out.data, 1, out.len, stdout) == out.len ? 0 : 1;
}
