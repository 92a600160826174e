# SPDX-License-Identifier: MIT
"""A Parquet file's own words, by a reader of thrift that knows no types: what
the libraries do not show."""
import struct
import zlib


class Thrift:
    """Compact protocol: structs are dicts by field id, lists are lists."""

    def __init__(self, data, at=0):
        self.b, self.at = data, at

    def varint(self):
        v = s = 0
        while True:
            c = self.b[self.at]
            self.at += 1
            v |= (c & 127) << s
            s += 7
            if c < 128:
                return v

    def zigzag(self):
        v = self.varint()
        return v >> 1 ^ -(v & 1)

    def value(self, ty):
        if ty in (1, 2):
            self.at += 1
            return self.b[self.at - 1] == 1
        if ty == 3:
            self.at += 1
            return struct.unpack("b", self.b[self.at - 1:self.at])[0]
        if ty in (4, 5, 6):
            return self.zigzag()
        if ty == 8:
            n = self.varint()
            self.at += n
            return bytes(self.b[self.at - n:self.at])
        if ty == 9:
            c = self.b[self.at]
            self.at += 1
            n = c >> 4 if c >> 4 != 15 else self.varint()
            return [self.value(c & 15) for _ in range(n)]
        if ty == 12:
            return self.struct()
        raise ValueError(f"type {ty}")

    def struct(self):
        out, last = {}, 0
        while True:
            c = self.b[self.at]
            self.at += 1
            if c == 0:
                return out
            last = last + (c >> 4) if c >> 4 else self.zigzag()
            ty = c & 15
            out[last] = ty == 1 if ty in (1, 2) else self.value(ty)


class File:
    def __init__(self, path):
        self.data = open(path, "rb").read()
        n = struct.unpack("<I", self.data[-8:-4])[0]
        assert self.data[:4] == self.data[-4:] == b"PAR1"
        self.meta = Thrift(self.data, len(self.data) - 8 - n).struct()

    def pages(self, chunk):
        """(offset, whole length, header, data) of each page of a chunk."""
        md = chunk[3]
        at = md.get(11) or md[9]
        end = at + md[7]
        while at < end:
            t = Thrift(self.data, at)
            h = t.struct()
            yield at, t.at - at + h[3], h, self.data[t.at:t.at + h[3]]
            at = t.at + h[3]

    def index(self, chunk):
        """OffsetIndex and ColumnIndex, None where there is none."""
        off = Thrift(self.data, chunk[4]).struct() if 4 in chunk else None
        col = Thrift(self.data, chunk[6]).struct() if 6 in chunk else None
        return off, col


def crc_ok(header, data):
    return zlib.crc32(data) & 0xffffffff == header[4] & 0xffffffff
