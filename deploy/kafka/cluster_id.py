# ruff: noqa: INP001, T201
"""Ask a broker on loopback for its cluster's id: the smallest admin call, with nothing but the standard library.

Kafka's port is open long before it serves requests, so only an answer says that it is ready.
Usage: cluster_id.py PORT. Prints the id, or exits with 1 where no answer came within 2 s.
"""

import socket
import struct
import sys

ANSWER_WITHIN_S = 2.0
DESCRIBE_CLUSTER, VERSION, CORRELATION = 60, 0, 12345
# Answer of DescribeCluster v0: correlation, no tags, throttle, error, error message (compact, nullable), cluster id (compact).
ANSWER_HEAD = struct.Struct(">ixih")


def ask(port: int) -> str:
    request = struct.pack(">hhihxxx", DESCRIBE_CLUSTER, VERSION, CORRELATION, -1)
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_WITHIN_S) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        with connection.makefile("rb") as answers:
            (size,) = struct.unpack(">i", answers.read(4))
            return read_cluster_id(answers.read(size))


def read_cluster_id(answer: bytes) -> str:
    correlation, _throttle, error = ANSWER_HEAD.unpack_from(answer)
    if correlation != CORRELATION or error:
        raise ValueError(f"correlation {correlation}, Kafka error {error}")
    message_at = ANSWER_HEAD.size
    id_at = message_at + 1 + max(answer[message_at] - 1, 0)
    return answer[id_at + 1 : id_at + answer[id_at]].decode("ascii")


def main() -> int:
    try:
        print(ask(int(sys.argv[1])))
    except (OSError, struct.error, ValueError, IndexError) as reason:
        print(f"no answer from port {sys.argv[1]}: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
