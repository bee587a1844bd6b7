"""Making Parquet files lie: footers and page headers taken apart (Thrift compact protocol), changed
and put together again, by no code of ours.

A struct is a dict of field number to [type, value]; a list is [type, [elements]].
"""

import struct

TRUE, FALSE, I8, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)


def get_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def get_value(kind, data, at):
    if kind in (TRUE, FALSE):
        return kind == TRUE, at
    if kind == I8:
        return data[at], at + 1
    if kind in (I16, I32, I64):
        value, at = get_varint(data, at)
        return value >> 1 ^ -(value & 1), at
    if kind == DOUBLE:
        return data[at:at + 8], at + 8
    if kind == BINARY:
        size, at = get_varint(data, at)
        return bytes(data[at:at + size]), at + size
    if kind == STRUCT:
        return get_struct(data, at)
    assert kind in (LIST, SET)
    size, element, at = data[at] >> 4, data[at] & 15, at + 1
    if size == 15:
        size, at = get_varint(data, at)
    values = []
    for _ in range(size):
        if element in (TRUE, FALSE):
            value, at = data[at] == 1, at + 1
        else:
            value, at = get_value(element, data, at)
        values.append(value)
    return [element, values], at


def get_struct(data, at=0):
    """The struct that begins there, and where it ends."""
    fields, last = {}, 0
    while data[at]:
        kind, delta, at = data[at] & 15, data[at] >> 4, at + 1
        if delta:
            last += delta
        else:
            value, at = get_varint(data, at)
            last = value >> 1 ^ -(value & 1)
        value, at = get_value(kind, data, at)
        fields[last] = [kind, value]
    return fields, at + 1


def put_varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def put_value(kind, value):
    if kind in (TRUE, FALSE):
        return b""
    if kind == I8:
        return bytes([value])
    if kind in (I16, I32, I64):
        return put_varint((value << 1 ^ value >> 63) & (2**64 - 1))
    if kind == BINARY:
        return put_varint(len(value)) + value
    if kind == STRUCT:
        return put_struct(value)
    if kind == DOUBLE:
        return value
    element, values = value
    head = bytes([len(values) << 4 | element]) if len(values) < 15 else (
        bytes([0xF0 | element]) + put_varint(len(values)))
    if element in (TRUE, FALSE):
        return head + bytes(1 if v else 2 for v in values)
    return head + b"".join(put_value(element, v) for v in values)


def put_struct(fields):
    out, last = b"", 0
    for number, (kind, value) in sorted(fields.items()):
        if kind in (TRUE, FALSE):
            kind = TRUE if value else FALSE
        out += bytes([number - last << 4 | kind]) + put_value(kind, value)
        last = number
    return out + b"\0"


def footer_of(path):
    data = path.read_bytes()
    at = len(data) - 8 - struct.unpack("<I", data[-8:-4])[0]
    return get_struct(data, at)[0]


def change_footer(path, change):
    """Writes the file anew with what `change` makes of its FileMetaData."""
    data = path.read_bytes()
    at = len(data) - 8 - struct.unpack("<I", data[-8:-4])[0]
    footer = get_struct(data, at)[0]
    change(footer)
    new = put_struct(footer)
    path.write_bytes(data[:at] + new + struct.pack("<I", len(new)) + b"PAR1")


def chunk_of(footer, column, group=0):
    """The ColumnMetaData of a column."""
    return footer[4][1][1][group][1][1][1][column][3][1]


def change_page(path, column, change, group=0):
    """The same for the first data page's header of a column; its length must not change."""
    data = path.read_bytes()
    at = chunk_of(footer_of(path), column, group)[9][1]
    header, end = get_struct(data, at)
    change(header)
    new = put_struct(header)
    assert len(new) == end - at, "the header changed its length"
    path.write_bytes(data[:at] + new + data[end:])
    return at
