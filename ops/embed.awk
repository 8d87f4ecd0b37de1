# embed.awk - the SQL files given as arguments (projections/<service>/[<kind>/]<name>.sql) as the C table of
# projections/service_sql.h, in the order given. Plain POSIX awk: Debian's is mawk.
function split_path(path, part, n)
{
    n = split(path, part, "/")
    service = part[2]
    kind = n > 3 ? part[3] : ""
    name = part[n]
    sub(/\.sql$/, "", name)
}

function entry_end()
{
    if (entries++)
        print "    },"
}

BEGIN {
    print "/* Made by ops/embed.awk from projections/. */"
    print "#include \"projections/service_sql.h\""
    print ""
    print "const struct sql_file sql_files[] = {"
    for (i = 1; i < ARGC; i++) # an empty file has no line 1, so its entry would be lost without a word
        if ((getline line < ARGV[i]) <= 0) {
            print "embed.awk: " ARGV[i] ": empty or unreadable" > "/dev/stderr"
            exit failed = 1
        } else
            close(ARGV[i])
}

FNR == 1 {
    entry_end()
    split_path(FILENAME)
    printf "    {\"%s\", \"%s\", \"%s\",\n", service, kind, name
}

{
    gsub(/["\\]/, "\\\\&")
    gsub(/\t/, "\\t")
    gsub(/\r/, "")
    print "        \"" $0 "\\n\""
}

END {
    if (failed)
        exit 1
    entry_end()
    if (ARGC < 2)
        print "    {\"\", \"\", \"\", \"\"},"
    print "};"
    print "const size_t n_sql_files = " (ARGC - 1) ";"
}
