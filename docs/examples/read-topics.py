#!/usr/bin/env python3
"""Reads Kriver's Kafka topics with a stock client, one JSON document a line.

Needs `pip install confluent-kafka` and nothing of Kriver's. Commits no offsets, so it disturbs nobody.
"""

import argparse
import base64
import json
import os
import struct
import sys
import urllib.request

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Passwords are read from the environment: REGISTRY_PASSWORD that of --registry-user, KAFKA_PASSWORD that of SASL.\n\n"
        "example: read-topics.py kri.readings --registry http://127.0.0.1:8081/apis/ccompat/v7 --exit-at-end",
    )
    parser.add_argument("topics", nargs="+", help="the topics to read, each with the prefix of the installation")
    parser.add_argument("--brokers", default="127.0.0.1:9092", help="host:port, more of them after commas (default: %(default)s)")
    parser.add_argument("--registry", help="the root of the schema registry's Confluent API; without it, schemas stay unnamed")
    parser.add_argument("--registry-user", help="the user for basic authentication at the registry")
    parser.add_argument("--kafka", action="append", default=[], metavar="KEY=VALUE",
                        help="a setting of librdkafka, such as security.protocol=SASL_SSL; may be repeated")
    parser.add_argument("--exit-at-end", action="store_true", help="end where the partitions end, instead of waiting for more")
    return parser.parse_args()


class Schemas:
    """Schemas by id. An id never changes its meaning, so each is asked for once."""

    def __init__(self, url, user):
        self.url, self.known, self.headers = url, {}, {"Accept": "application/json"}
        if user:
            credentials = f"{user}:{os.environ.get('REGISTRY_PASSWORD', '')}"
            self.headers["Authorization"] = "Basic " + base64.b64encode(credentials.encode()).decode()

    def get(self, schema_id):
        if self.url is None or schema_id is None:
            return {}
        if schema_id not in self.known:
            request = urllib.request.Request(f"{self.url.rstrip('/')}/schemas/ids/{schema_id}", headers=self.headers)
            with urllib.request.urlopen(request, timeout=10) as response:
                self.known[schema_id] = json.loads(json.load(response)["schema"])
        return self.known[schema_id]


def unframe(value):
    """The schema id and the JSON text: a zero byte, four bytes of id, big end first, then the value."""
    if value is None or value[:1] != b"\0":
        return None, value
    return struct.unpack(">I", value[1:5])[0], value[5:]


def to_document(message, schemas):
    schema_id, value = unframe(message.value())
    return {
        "topic": message.topic(),
        "partition": message.partition(),
        "offset": message.offset(),
        "key": None if message.key() is None else message.key().decode(),
        "headers": {name: (content or b"").decode() for name, content in message.headers() or []},
        "schemaId": schema_id,
        "schema": schemas.get(schema_id).get("title"),
        "value": None if value is None else json.loads(value),
    }


def settings(options):
    password = os.environ.get("KAFKA_PASSWORD")
    return {
        "bootstrap.servers": options.brokers,
        "group.id": "read-topics",  # Must be given, and is not used: partitions are assigned, nothing is committed.
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "allow.auto.create.topics": False,
        "reconnect.backoff.ms": 1000,  # Each failed try is a line on standard error.
        **({} if password is None else {"sasl.password": password}),
        **dict(setting.split("=", 1) for setting in options.kafka),
    }


def partitions_of(consumer, topics):
    known = consumer.list_topics(timeout=10).topics
    missing = [topic for topic in topics if topic not in known or known[topic].error is not None]
    if missing:
        sys.exit(f"These topics do not exist: {', '.join(missing)}")
    return [TopicPartition(topic, partition, OFFSET_BEGINNING) for topic in topics for partition in known[topic].partitions]


def main():
    options = arguments()
    schemas = Schemas(options.registry, options.registry_user)
    consumer = Consumer(settings(options))
    try:
        partitions = partitions_of(consumer, options.topics)
        consumer.assign(partitions)
        unread = {(each.topic, each.partition) for each in partitions}
        while unread or not options.exit_at_end:
            message = consumer.poll(1.0)
            if message is None:
                continue
            if message.error() is None:
                print(json.dumps(to_document(message, schemas), ensure_ascii=False), flush=True)
            elif message.error().code() == KafkaError._PARTITION_EOF:
                unread.discard((message.topic(), message.partition()))
            else:
                raise KafkaException(message.error())
    finally:
        consumer.close()


if __name__ == "__main__":
    try:
        main()
    except KafkaException as error:
        sys.exit(f"Kafka: {error}")
    except OSError as error:
        sys.exit(f"Schema registry: {error}")
    except KeyboardInterrupt:
        pass
