"""Reads all that is in the topics now with Confluent's consumer and Avro deserializer; prints `<count> <type>` lines.

usage: confluent_reader.py BROKERS REGISTRY_URL TOPIC ...
"""

import sys
import time
from collections import Counter

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

DEADLINE_S = 60


def partitions_of(consumer, topics):
    known = consumer.list_topics(timeout=10).topics
    return [TopicPartition(t, p, 0) for t in topics for p in known[t].partitions]


def read_all(consumer, deserialize, partitions):
    seen, open_ends, deadline = Counter(), len(partitions), time.monotonic() + DEADLINE_S
    consumer.assign(partitions)
    while open_ends:
        if time.monotonic() > deadline:
            raise SystemExit("the topics' ends were not reached in time")
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error():
            if message.error().code() != KafkaError._PARTITION_EOF:
                raise KafkaException(message.error())
            open_ends -= 1
            continue
        event = deserialize(message.value(), SerializationContext(message.topic(), MessageField.VALUE))
        headers = {name: value.decode() for name, value in message.headers()}
        if str(event["meta"]["event_id"]) != headers["ce_id"]:
            raise SystemExit(f"event and header disagree: {event} {headers}")
        seen[headers["ce_type"]] += 1
    return seen


def main(brokers, registry, *topics):
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "analyst",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    deserialize = AvroDeserializer(SchemaRegistryClient({"url": registry}))
    for name, count in sorted(read_all(consumer, deserialize, partitions_of(consumer, topics)).items()):
        print(count, name)
    consumer.close()


main(*sys.argv[1:])
