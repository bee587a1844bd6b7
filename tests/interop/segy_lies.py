"""SEG-Y files whose headers lie, with the truth about them: what tests of scan and import use.

Samples are noise through a wavelet, as seismic samples are; headers are those of a small volume.
"""

import dataclasses

import numpy
from segy_tools import sample_bytes

SAMPLE_BYTES = {1: 4, 2: 4, 3: 2, 5: 4, 6: 8, 7: 3, 8: 1, 9: 8, 10: 4, 11: 2, 12: 8, 15: 3, 16: 1}
SIGNED = {2: 3e6, 3: 9000, 7: 1e6, 8: 60, 9: 3e6}  # format: largest magnitude
UNSIGNED = {10: 3e6, 11: 9000, 12: 3e6, 15: 1e6, 16: 60}


def signal(traces, samples, code, seed=1):
    rng = numpy.random.default_rng(seed)
    lag = numpy.arange(-8, 9)
    wavelet = numpy.exp(-0.5 * (lag / 2.5) ** 2) * numpy.cos(lag * 0.7)
    noise = rng.normal(size=(traces, samples + 40))
    values = numpy.array([numpy.convolve(row, wavelet, "same") for row in noise])
    values = values[:, 20 : 20 + samples] * numpy.exp(-2 * numpy.arange(samples) / samples)
    if code in (1, 5, 6):
        return values * 137.3
    peak = SIGNED.get(code) or UNSIGNED[code]
    whole = numpy.round(values / numpy.abs(values).max() * peak).astype("i8")
    return whole if code in SIGNED else whole + int(peak)


@dataclasses.dataclass
class Survey:
    """What a file is. `binary` and `trace` are lies: {(byte, type): value or value per trace}."""

    code: int = 5
    order: str = ">"
    traces: int = 60
    samples: int = 101
    interval: int = 4000
    records: int = 0  # of extended text
    record: bytes = b"C EXTENDED TEXT"
    headers: int = 1  # of 240 bytes, per trace
    revision: tuple = (1, 0)
    constant: bool = False  # of byte order
    label: bool = False
    trailers: int = 0
    padding: int = 0
    text: str = "ebcdic"
    blank: bool = False  # trace headers of zeros
    seed: int = 1
    binary: dict = dataclasses.field(default_factory=dict)
    trace: dict = dataclasses.field(default_factory=dict)

    @property
    def start(self):
        return 128 * self.label + 3600 + 3200 * self.records

    def truth(self):
        return {
            "byte_order": "little" if self.order == "<" else "big",
            "sample_byte_order": "little" if self.order == "<" else "big",
            "format": self.code,
            "samples": self.samples,
            "first_trace_offset": self.start,
            "trace_header_bytes": 240 * self.headers,
            "traces": self.traces,
            "variable": False,
            "seismic_unix": False,
        }

    def binary_header(self):
        header = numpy.zeros(400, "u1")
        fields = {
            (3213, "i2"): 1, (3217, "u2"): self.interval, (3221, "u2"): self.samples,
            (3225, "i2"): self.code, (3255, "i2"): 1, (3501, "u1"): self.revision[0],
            (3502, "u1"): self.revision[1], (3503, "i2"): 1, (3505, "i2"): self.records,
        }
        if self.revision[0] == 2:
            fields |= {
                (3269, "u4"): self.samples, (3273, "f8"): self.interval,
                (3507, "i2"): self.headers - 1, (3513, "u8"): self.traces,
                (3521, "u8"): self.start, (3529, "i4"): self.trailers,
                (3297, "u4"): 0x01020304 * self.constant,
            }
        for (byte, kind), value in (fields | self.binary).items():
            raw = numpy.array([value]).astype(self.order + kind).view("u1")
            header[byte - 3201 : byte - 3201 + len(raw)] = raw
        return header.tobytes()

    def trace_headers(self):
        numbers = numpy.arange(self.traces)
        inline, crossline = numbers // 12 + 100, numbers % 12 + 300
        fields = {
            (1, "i4"): numbers + 1, (5, "i4"): numbers + 1, (9, "i4"): inline, (21, "i4"): crossline,
            (29, "i2"): 1, (71, "i2"): -100, (73, "i4"): 45000000 + 1250 * crossline,
            (77, "i4"): 654000000 + 1250 * inline, (115, "u2"): self.samples,
            (117, "u2"): self.interval, (181, "i4"): 45000000 + 1250 * crossline,
            (185, "i4"): 654000000 + 1250 * inline, (189, "i4"): inline, (193, "i4"): crossline,
        }
        table = numpy.zeros((self.traces, 240 * self.headers), "u1")
        for (byte, kind), values in ({} if self.blank else fields | self.trace).items():
            column = numpy.broadcast_to(values, (self.traces,)).astype(self.order + kind)
            raw = numpy.ascontiguousarray(column).view("u1").reshape(self.traces, -1)
            table[:, byte - 1 : byte - 1 + raw.shape[1]] = raw
        return table

    def bytes(self):
        text = "".join(f"C{i:2} LINE {i} OF THE TEXT HEADER".ljust(80) for i in range(1, 41))
        text = {"ebcdic": text.encode("cp500"), "ascii": text.encode(), "nul": bytes(3200)}[self.text]
        values = signal(self.traces, self.samples, self.code, self.seed)
        body = numpy.hstack([self.trace_headers(), sample_bytes(values, self.code, self.order)])
        return b"".join([
            b"   1SY1.0RECORD".ljust(128) if self.label else b"", text, self.binary_header(),
            self.record.ljust(3200) * self.records, body.tobytes(),
            b"((SEG: Trailer))".ljust(3200) * self.trailers, bytes(self.padding),
        ])


def variable_lengths(lengths, order=">", code=5, seed=1, fixed=0, passcal=False):
    """A file of traces of different lengths, each said at byte 115 (or PASSCAL's 229)."""
    file = Survey(code=code, order=order, samples=lengths[0], binary={(3503, "i2"): fixed})
    parts = [("C 1 VARIABLE".ljust(3200)).encode("cp500"), file.binary_header()]
    for i, count in enumerate(lengths):
        said = {(115, "u2"): 32767, (229, "i4"): count} if passcal else {(115, "u2"): count}
        one = Survey(code=code, order=order, traces=1, samples=count, trace={(1, "i4"): i + 1} | said)
        parts += [one.trace_headers().tobytes(),
                  sample_bytes(signal(1, count, code, seed + i), code, order).tobytes()]
    return b"".join(parts)
