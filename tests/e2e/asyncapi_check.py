"""Checks an AsyncAPI document against the JSON Schema of the specification; prints what is wrong.

The schema is AsyncAPI's own (Apache License 2.0, npm package @asyncapi/specs 6.11.1, schemas/3.0.0-without-$id.json) without its descriptions
and examples.

usage: asyncapi_check.py SCHEMA DOCUMENT
"""

import json
import sys

import jsonschema

with open(sys.argv[1]) as schema, open(sys.argv[2]) as document:
    rules, told = json.load(schema), json.load(document)
mistakes = list(jsonschema.validators.validator_for(rules)(rules).iter_errors(told))
for mistake in mistakes:
    print(list(mistake.absolute_path), mistake.message[:500])
sys.exit(1 if mistakes else 0)
