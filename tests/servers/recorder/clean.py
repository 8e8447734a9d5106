"""Takes out of recorded answers what belongs to one machine or one moment."""
import re
import socket

# Header fields whose value is another one each time; that they are there is part of the answer.
VARYING = {
    "date", "etag", "last-modified", "x-request-id", "x-amz-request-id", "x-amz-id-2", "x-ms-request-id",
    "x-envoy-upstream-service-time", "set-cookie", "age", "content-length",
}
PATTERNS = [
    (r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\b)", "<time>"),
    (r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", "<time>"),
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uuid>"),
    (r'("(cluster_uuid|access_token|clientId|id|index_uuid)"\s*:\s*")(?!_na_)[\w.~-]{10,}"', r'\1<varies>"'),
    (r"(<(RequestId|HostId)>)[^<]*", r"\1<varies>"),
    (r"\bRequestId:\S+", "RequestId:<varies>"),
    (r"(<(StringToSign|StringToSignBytes|CanonicalRequest|CanonicalRequestBytes|SignatureProvided)>)[^<]*", r"\1<varies>"),
    (r'"(took|task_max_waiting_in_queue_millis)":\d+', r'"\1":0'),
]


class Cleaner:
    """Called with anything that JSON can hold, it gives the same without what varies."""

    def __init__(self, state, base_port):
        ports = "|".join(str(base_port + i) for i in range(100))
        self.patterns = PATTERNS + [(re.escape(str(state)), "<state>"), (rf"\b({ports})\b", "<port>"),
                                    (rf"\b{re.escape(socket.gethostname())}\b", "<host>")]

    def __call__(self, value):
        if isinstance(value, dict):
            return {key: self(item) for key, item in value.items()}
        if isinstance(value, list):
            if len(value) == 2 and str(value[0]).lower() in VARYING:
                return [value[0], re.sub(r"(?<==)[^;]+(?=;|$)", "<varies>", value[1], count=1)
                        if value[0].lower() == "set-cookie" else "<varies>"]
            return [self(item) for item in value]
        if isinstance(value, str):
            for pattern, instead in self.patterns:
                value = re.sub(pattern, instead, value)
        return value
