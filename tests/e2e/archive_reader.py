"""Compares archives with the topics that they were made of: fastavro on one side, Confluent's consumer on the other, record by record.

usage: archive_reader.py BROKERS DIR ...
"""

import hashlib
import json
import sys
import time
from pathlib import Path

import fastavro
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Consumer, KafkaError, KafkaException, TopicPartition

DEADLINE_S = 60


def archived(directory, partition):
    for file in partition["files"]:
        path = directory / file["name"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file["sha256"], path
        with path.open("rb") as stream:
            reader = fastavro.reader(stream)
            assert reader.codec == "deflate", reader.codec
            records = list(reader)
        assert len(records) == file["records"], path
        assert (records[0]["offset"], records[-1]["offset"]) == (file["first"], file["last"]), path
        yield from records


def live(consumer, topic, partition):
    """What a committed read of the archive's range gives now."""
    deadline = time.monotonic() + DEADLINE_S
    consumer.assign([TopicPartition(topic, partition["partition"], partition["begin"])])
    while time.monotonic() < deadline:
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error():
            if message.error().code() != KafkaError._PARTITION_EOF:
                raise KafkaException(message.error())
            return
        if message.offset() >= partition["end"]:
            return
        kind, timestamp = message.timestamp()
        yield {
            "offset": message.offset(),
            "timestamp": timestamp,
            "timestamp_type": "log_append_time" if kind == TIMESTAMP_LOG_APPEND_TIME else "create_time",
            "key": message.key(),
            "value": message.value(),
            "headers": [{"key": name, "value": value} for name, value in message.headers() or []],
        }
    raise SystemExit(f"{topic}: the end was not reached in time")


def main(brokers, *directories):
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "archivist",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    for directory in map(Path, directories):
        manifest = json.loads((directory / "manifest.json").read_text())
        count = 0
        for partition in manifest["partitions"]:
            ours = list(archived(directory, partition))
            theirs = list(live(consumer, manifest["topic"], partition))
            assert ours == theirs, (directory, partition["partition"])
            assert len(ours) == partition["records"]
            count += len(ours)
        print(count, manifest["topic"])
    consumer.close()


main(*sys.argv[1:])
