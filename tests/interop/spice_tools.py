"""What tests of SPICE kernels share: an independent writer of their container in NumPy."""

import numpy


def daf(arrays, order="<", word=b"DAF/SPK ", form=None, comments=b""):
    """The bytes of a DAF, by the rules of NAIF's "DAF required reading": arrays of ((first, last,
    target, centre, frame, type), words)."""
    form = form if form is not None else {"<": b"LTL-IEEE", ">": b"BIG-IEEE"}[order]
    padded = comments + b"\4" if comments else b""
    texts = [padded[i:i + 1000].ljust(1024, b"\0") for i in range(0, len(padded), 1000)]
    first_record = 2 + len(texts)
    address = (first_record + 1) * 128 + 1
    free = address + sum(len(words) for _, words in arrays)
    record = (word + numpy.array([2, 6], order + "i4").tobytes() + b"made by a test".ljust(60) +
              numpy.array([first_record, first_record, free], order + "i4").tobytes() + form)
    summaries = numpy.array([0, 0, len(arrays)], order + "f8").tobytes()
    for (first, last, *integers), words in arrays:
        summaries += numpy.array([first, last], order + "f8").tobytes()
        summaries += numpy.array([*integers, address, address + len(words) - 1],
                                 order + "i4").tobytes()
        address += len(words)
    names = b"".join(b"an array".ljust(40) for _ in arrays)
    data = b"".join(numpy.asarray(words, order + "f8").tobytes() for _, words in arrays)
    return b"".join([record.ljust(1024, b"\0"), *texts, summaries.ljust(1024, b"\0"),
                     names.ljust(1024), data.ljust(-(-len(data) // 1024) * 1024, b"\0")])
