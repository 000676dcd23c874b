"""Prints the bytes of a topic's values as stock consumers get them: partition, offset and base64, one record a line.

Usage: raw-values.py BROKERS TOPIC
"""
import base64
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

brokers, topic = sys.argv[1:]
consumer = Consumer({"bootstrap.servers": brokers, "group.id": "raw-values", "enable.partition.eof": True})
partitions = list(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])
unread = set(partitions)
while unread:
    message = consumer.poll(1.0)
    if message is None:
        continue
    if message.error() is not None:
        assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
        unread.discard(message.partition())
    else:
        print(message.partition(), message.offset(), base64.b64encode(message.value()).decode())
consumer.close()
