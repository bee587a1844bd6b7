"""What a disk may hold after a loss of power: replays what a witness wrote down.

A file system keeps files (their data) and folders (names). Both are in memory first and on the disk
for sure only after a sync: of the file for its data, of the folder for its names. What was not synced
may or may not have arrived. Of all the states this allows, five are built:

  lost      nothing that was not synced is there
  names     names are there, data that was not synced is not (a rename before its data)
  data      data is there, names that were not synced are not
  torn      all is there but the second half of the last write
  all       all is there: what a kill of every process leaves
"""

import os
import struct

OPEN, WRITE, TRUNCATE, SYNC, RENAME, LINK, UNLINK, RMDIR, MKDIR = range(1, 10)
STATES = ("lost", "names", "data", "torn", "all")
EXCHANGE = 2  # flag of renameat2
HEAD = struct.Struct("<IIIIQQ")


def read_records(path):
    """The calls a witness saw: (operation, first bytes, second bytes, number, number)."""
    content = path.read_bytes()
    at, records = 0, []
    while at < len(content):
        operation, a, b, _, x, y = HEAD.unpack_from(content, at)
        at += HEAD.size
        records.append((operation, content[at : at + a], content[at + a : at + a + b], x, y))
        at += a + b
    return records


class File:
    def __init__(self):
        self.data = bytearray()
        self.synced = b""
        self.last = None  # (offset, length) of the last write since the last sync


class Folder:
    def __init__(self):
        self.names = {}
        self.synced = {}


class Disk:
    """The tree below `root`, an absolute path, in memory and as synced."""

    def __init__(self, root):
        self.root = root
        self.top = Folder()
        self.files = {}

    def find(self, path):
        """The folder that holds `path`, and the last part of its name."""
        parts = os.fsdecode(path)[len(self.root) :].strip("/").split("/")
        folder = self.top
        for part in parts[:-1]:
            folder = folder.names[part]
        return folder, parts[-1]

    def play(self, record):
        operation, a, b, x, y = record
        if operation == OPEN:
            folder, name = self.find(a)
            if name not in folder.names:
                folder.names[name] = self.files[x] = File()
            self.files[x] = folder.names[name]
            if y & os.O_TRUNC:
                self.files[x].data = bytearray()
        elif operation == WRITE:
            file = self.files[x]
            file.data.extend(bytes(max(0, y - len(file.data))))
            file.data[y : y + len(a)] = a
            file.last = (y, len(a))
        elif operation == TRUNCATE:
            file = self.files[x]
            del file.data[y:]
            file.data.extend(bytes(y - len(file.data)))
        elif operation == SYNC and a:
            folder, name = self.find(a)
            folder = folder.names[name] if name else folder
            folder.synced = dict(folder.names)
        elif operation == SYNC:
            if x in self.files:
                self.files[x].synced = bytes(self.files[x].data)
                self.files[x].last = None
        elif operation == MKDIR:
            folder, name = self.find(a)
            folder.names[name] = Folder()
        elif operation in (UNLINK, RMDIR):
            folder, name = self.find(a)
            del folder.names[name]
        elif operation == LINK:
            (source, old), (target, new) = self.find(a), self.find(b)
            target.names[new] = source.names[old]
        elif operation == RENAME:
            (source, old), (target, new) = self.find(a), self.find(b)
            moved, replaced = source.names.pop(old), target.names.get(new)
            target.names[new] = moved
            if y & EXCHANGE:
                source.names[old] = replaced

    def build(self, state, target, folder=None):
        """Writes what the disk holds in a state below `target`, an empty folder."""
        folder = folder or self.top
        names = folder.synced if state in ("lost", "data") else folder.names
        for name, node in names.items():
            path = target / name
            if isinstance(node, Folder):
                path.mkdir()
                self.build(state, path, node)
            else:
                path.write_bytes(self.content(state, node))

    @staticmethod
    def content(state, file):
        if state in ("lost", "names"):
            return file.synced
        if state == "torn" and file.last:
            offset, length = file.last
            return bytes(file.data[: offset + length // 2])
        return bytes(file.data)
