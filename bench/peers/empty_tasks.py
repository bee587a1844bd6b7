"""Empty tasks in the pools of Python, on two processes: `empty_tasks.py KIND COUNT CHUNK`."""

import concurrent.futures
import multiprocessing
import sys
import time


def nothing(i):
    return i


def main(kind, count, chunk):
    begin = time.perf_counter()
    if kind == "imap":
        with multiprocessing.Pool(2) as pool:
            done = sum(1 for _ in pool.imap(nothing, range(count), chunksize=chunk))
    else:
        with concurrent.futures.ProcessPoolExecutor(2) as pool:
            futures = [pool.submit(nothing, i) for i in range(count)]
            done = sum(1 for _ in concurrent.futures.as_completed(futures))
    assert done == count
    print(time.perf_counter() - begin)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
