"""The broker as Kafka's protocol has it, through librdkafka: the only package that knows it.

It is written against what Apache Kafka and Tansu both do. Tansu shows readers what a transaction
has written that was never committed. So each message has its origin with it and each change of
state the position it was made at; by these, readers here pass over what does not count.
"""

from tweetoscope.kafka.cluster import Kafka

__all__ = ["Kafka"]
