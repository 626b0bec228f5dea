#!/usr/bin/python3
"""Fails if an rpc, a field or an enum value of a .proto file has no comment of its own.

An enum's _UNSPECIFIED value needs none. usage: proto_comments.py PROTO_ROOT FILE...
"""

import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2

# Field numbers in descriptor.proto, which SourceCodeInfo.Location.path is made of.
FILE_MESSAGE, FILE_ENUM, FILE_SERVICE = 4, 5, 6
MESSAGE_FIELD, MESSAGE_NESTED, MESSAGE_ENUM = 2, 3, 4
ENUM_VALUE, SERVICE_METHOD = 2, 2


def parse(root, file):
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(
            ["protoc", f"--proto_path={root}", "--include_source_info", f"--descriptor_set_out={out.name}", file],
            check=True)
        return descriptor_pb2.FileDescriptorSet.FromString(out.read()).file[0]


def enum_values(enum, path):
    for i, value in enumerate(enum.value):
        if not value.name.endswith("_UNSPECIFIED"):
            yield f"{enum.name}.{value.name}", path + (ENUM_VALUE, i)


def message_parts(message, path):
    if message.options.map_entry:
        return
    for i, field in enumerate(message.field):
        yield f"{message.name}.{field.name}", path + (MESSAGE_FIELD, i)
    for i, nested in enumerate(message.nested_type):
        yield from message_parts(nested, path + (MESSAGE_NESTED, i))
    for i, enum in enumerate(message.enum_type):
        yield from enum_values(enum, path + (MESSAGE_ENUM, i))


def parts(file):
    for i, message in enumerate(file.message_type):
        yield from message_parts(message, (FILE_MESSAGE, i))
    for i, enum in enumerate(file.enum_type):
        yield from enum_values(enum, (FILE_ENUM, i))
    for i, service in enumerate(file.service):
        for j, method in enumerate(service.method):
            yield f"{service.name}.{method.name}", (FILE_SERVICE, i, SERVICE_METHOD, j)


def uncommented(file):
    locations = {tuple(place.path): place for place in file.source_code_info.location}
    for name, path in parts(file):
        place = locations[path]
        if not (place.leading_comments or place.trailing_comments):
            yield place.span[0] + 1, name


def main():
    root, files = sys.argv[1], sys.argv[2:]
    found = 0
    for path in files:
        for line, name in uncommented(parse(root, path)):
            print(f"{path}:{line}: {name} has no comment")
            found += 1
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
