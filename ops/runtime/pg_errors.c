#include "ops/runtime/pg_errors.h"

/*
 * A code's row stands above its class's: the first that fits counts. A code that a later PostgreSQL
 * adds follows its class. tests/unit/runtime_pg_errors_test.c walks PostgreSQL's own list.
 */
static const struct pg_error_rule rules[] = {
    {"00",    ERR_INTERNAL,    false, "success"                                                  },
    {"01",    ERR_INTERNAL,    false, "a warning"                                                },
    {"02",    ERR_INTERNAL,    false, "no data"                                                  },
    {"03",    ERR_INTERNAL,    false, "statement not complete yet"                               },
    {"08",    ERR_UNAVAILABLE, true,  "the connection"                                           },
    {"09",    ERR_INTERNAL,    false, "a trigger"                                                },
    {"0A",    ERR_UNAVAILABLE, true,
     "not supported in this state: an unlogged table on a standby, a plan older than its table"  },
    {"0B",    ERR_INTERNAL,    false, "transaction begun twice"                                  },
    {"0F",    ERR_INTERNAL,    false, "a locator"                                                },
    {"0L",    ERR_INTERNAL,    false, "a grantor"                                                },
    {"0P",    ERR_INTERNAL,    false, "a role"                                                   },
    {"0Z",    ERR_INTERNAL,    false, "diagnostics"                                              },
    {"20",    ERR_INTERNAL,    false, "a case without a branch"                                  },
    {"21",    ERR_INTERNAL,    false, "one key twice in a statement"                             },
    {"22",    ERR_INVALID,     false, "the data"                                                 },
    {"23",    ERR_INVALID,     false, "a constraint that the data breaks"                        },
    {"24",    ERR_INTERNAL,    false, "a cursor"                                                 },
    {"25006", ERR_UNAVAILABLE, true,  "no writes: a standby, or read-only by setting"            },
    {"25P03", ERR_UNAVAILABLE, true,  "idle in transaction for too long"                         },
    {"25P04", ERR_UNAVAILABLE, true,  "the transaction took too long"                            },
    {"25",    ERR_INTERNAL,    false, "the transaction's state"                                  },
    {"26",    ERR_UNAVAILABLE, true,  "the prepared statement is gone: a new session has its own"},
    {"27",    ERR_INTERNAL,    false, "a trigger changes what it was called for"                 },
    {"28",    ERR_UNAVAILABLE, true,  "the server does not let us in"                            },
    {"2B",    ERR_INTERNAL,    false, "privileges that others depend on"                         },
    {"2D",    ERR_INTERNAL,    false, "how a transaction ends"                                   },
    {"2F",    ERR_INTERNAL,    false, "a function"                                               },
    {"34",    ERR_INTERNAL,    false, "a cursor's name"                                          },
    {"38",    ERR_INTERNAL,    false, "a foreign function"                                       },
    {"39",    ERR_INTERNAL,    false, "the call of a foreign function"                           },
    {"3B",    ERR_INTERNAL,    false, "a savepoint"                                              },
    {"3D",    ERR_UNAVAILABLE, true,  "the database is not there (yet)"                          },
    {"3F",    ERR_INTERNAL,    false, "a schema's name"                                          },
    {"40003", ERR_UNAVAILABLE, true,  "not known whether it was done"                            },
    {"40",    ERR_UNAVAILABLE, false, "rolled back: a deadlock, or serialisation"                },
    {"42",    ERR_INTERNAL,    false, "the statement, or the right to it"                        },
    {"44",    ERR_INTERNAL,    false, "a view's check option"                                    },
    {"53",    ERR_UNAVAILABLE, true,  "no disk, memory or connection is left"                    },
    {"54",    ERR_INVALID,     false, "a value over a limit of the program: an index row, say"   },
    {"55P03", ERR_UNAVAILABLE, false, "a lock that is held"                                      },
    {"55",    ERR_UNAVAILABLE, true,  "the object's state: in use, or not ready"                 },
    {"57014", ERR_UNAVAILABLE, false, "cancelled, by its timeout or by a person"                 },
    {"57",    ERR_UNAVAILABLE, true,  "the operator: shutdown, crash, start, database dropped"   },
    {"58",    ERR_UNAVAILABLE, true,  "the server's system: input, output, files"                },
    {"72",    ERR_UNAVAILABLE, false, "the snapshot is too old"                                  },
    {"F0",    ERR_UNAVAILABLE, true,  "the server's configuration file"                          },
    {"HV",    ERR_INTERNAL,    false, "a foreign table"                                          },
    {"P0",    ERR_INTERNAL,    false, "PL/pgSQL"                                                 },
    {"XX",    ERR_INTERNAL,    false, "the server's own fault"                                   },
};

const struct pg_error_rule *pg_error_rule(const char *sqlstate)
{
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (strncmp(sqlstate, rules[i].prefix, strlen(rules[i].prefix)) == 0)
            return &rules[i];
    return NULL;
}
