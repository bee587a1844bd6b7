"""What happens to a run whose ledger, plan, parts or input are not what they were."""

import os
import signal
import struct

import pytest
from mill_tools import digests, finish, milled, snapshot

SHAPE = {"tasks": 40, "work": 15, "trouble": ["mark@*"]}
FRAME_HEAD = 20


def expected_of(mill):
    return digests(milled(mill.grist.read_bytes(), SHAPE["tasks"], 1000))


def frames(ledger):
    """Offset and length of each frame: magic u32, payload length u32, synced u64, crc u32."""
    content, at, found = ledger.read_bytes(), 0, []
    while at + FRAME_HEAD <= len(content):
        assert content[at : at + 4] == b"QNR1"
        length = FRAME_HEAD + struct.unpack_from("<I", content, at + 4)[0]
        found.append((at, length))
        at += length
    return found


@pytest.fixture
def stopped(mill):
    """A run stopped half-way: (mill, its .quern folder)."""
    run = mill.start(*mill.job("run", **SHAPE), "-j2")
    mill.wait_for_done("run", 15, run)
    run.send_signal(signal.SIGINT)
    assert finish(run)[0] == 130
    mill.quern = mill.path("run.partial") / ".quern"
    mill.ledger = mill.quern / "ledger"
    return mill


def resume_to_the_same_bytes(mill):
    done = mill.run("resume", "-j2", mill.path("run"))
    assert done.returncode == 0, done.stderr
    assert snapshot(mill.path("run"), manifest=False) == expected_of(mill)


@pytest.mark.parametrize("cut", [1, 19, 25, 60])
def test_a_torn_tail_is_cut_and_costs_only_itself(stopped, cut):
    done = stopped.status("run")["done"]
    os.truncate(stopped.ledger, stopped.ledger.stat().st_size - cut)
    assert done - 3 <= stopped.status("run")["done"] <= done
    resume_to_the_same_bytes(stopped)


def test_a_flipped_bit_of_the_last_record_is_told_with_its_place(stopped):
    *before, (at, length) = frames(stopped.ledger)
    content = bytearray(stopped.ledger.read_bytes())
    content[at + length // 2] ^= 4
    stopped.ledger.write_bytes(content)
    done = stopped.run("resume", "-j2", stopped.path("run"))
    assert done.returncode == 0
    assert f"damaged at byte {at}, in record {len(before)}, " in done.stderr
    assert f"{length} bytes are cut" in done.stderr
    assert snapshot(stopped.path("run"), manifest=False) == expected_of(stopped)


def test_garbage_after_the_last_record_is_cut(stopped):
    done = stopped.status("run")["done"]
    with stopped.ledger.open("ab") as ledger:
        ledger.write(b"QNR1" + os.urandom(100))
    assert stopped.status("run")["done"] == done
    resume_to_the_same_bytes(stopped)


def test_zeros_after_the_last_record_are_cut(stopped):
    """What some file systems leave of a file that grew shortly before the power failed."""
    os.truncate(stopped.ledger, stopped.ledger.stat().st_size + 4096)
    resume_to_the_same_bytes(stopped)


def test_damage_before_the_end_is_refused_with_its_offset(stopped):
    at, length = frames(stopped.ledger)[2]
    with stopped.ledger.open("r+b") as ledger:
        ledger.seek(at + length // 2)
        byte = ledger.read(1)
        ledger.seek(at + length // 2)
        ledger.write(bytes([byte[0] ^ 1]))
    for command in (["resume"], ["status"], ["failures"]):
        done = stopped.run(*command, stopped.path("run"))
        assert done.returncode == 1
        assert f"damaged at byte {at}, in record 2," in done.stderr
    assert "--restart" in done.stderr


def test_a_damaged_run_can_be_started_over(stopped):
    content = bytearray(stopped.ledger.read_bytes())
    content[60] ^= 0xFF
    stopped.ledger.write_bytes(content)
    done = stopped.run(*stopped.job("run", **SHAPE), "-j2", "--restart")
    assert done.returncode == 0, done.stderr
    assert snapshot(stopped.path("run"), manifest=False) == expected_of(stopped)


def test_the_ledger_of_another_plan_is_refused(stopped):
    assert stopped.run("plan", *stopped.job("other", tasks=7)).returncode == 0
    (stopped.path("other.partial") / ".quern" / "ledger").write_bytes(stopped.ledger.read_bytes())
    done = stopped.run("work", stopped.path("other"))
    assert done.returncode == 1
    assert "belongs to another plan" in done.stderr


@pytest.mark.parametrize("name", ["plan.json", "plan.bin"])
def test_a_damaged_plan_is_refused_by_name(stopped, name):
    path = stopped.quern / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    done = stopped.run("resume", stopped.path("run"))
    assert done.returncode == 1
    assert name in done.stderr or "plan.bin" in done.stderr


# ---- parts ------------------------------------------------------------------------------


def forget_all_but_the_start(mill):
    """As if every record but the session's first had been lost."""
    at, length = frames(mill.ledger)[0]
    os.truncate(mill.ledger, at + length)


def test_a_part_published_but_not_recorded_is_adopted(stopped):
    parts = list((stopped.quern / "parts").glob("*.part"))
    marks = stopped.attempts("mark")
    forget_all_but_the_start(stopped)
    assert stopped.status("run")["done"] == 0
    resume_to_the_same_bytes(stopped)
    assert len(parts) >= 8
    assert stopped.attempts("mark") - marks == SHAPE["tasks"] - len(parts)


def test_a_part_whose_file_was_changed_is_not_adopted(stopped):
    forget_all_but_the_start(stopped)
    flour = sorted((stopped.path("run.partial") / "flour").iterdir())[0]
    flour.write_bytes(b"x" * flour.stat().st_size)
    task = int(flour.stem)
    resume_to_the_same_bytes(stopped)
    assert stopped.attempts("mark", task) == 2


def test_a_damaged_part_file_is_not_adopted(stopped):
    forget_all_but_the_start(stopped)
    part = sorted((stopped.quern / "parts").glob("*.part"))[0]
    content = bytearray(part.read_bytes())
    content[-1] ^= 1
    part.write_bytes(content)
    resume_to_the_same_bytes(stopped)
    assert stopped.attempts("mark", part.stem) == 2


def test_a_task_recorded_done_whose_file_is_gone_is_run_again(stopped):
    flour = sorted((stopped.path("run.partial") / "flour").iterdir())[0]
    flour.unlink()
    resume_to_the_same_bytes(stopped)
    assert stopped.attempts("mark", int(flour.stem)) == 2


# ---- another job ------------------------------------------------------------------------


def test_a_changed_input_is_refused_by_name_and_can_be_started_over(stopped):
    stopped.grist.write_bytes(b"barley and oats")
    for command in (stopped.job("run", **SHAPE), ["resume", stopped.path("run")]):
        done = stopped.run(*command)
        assert done.returncode == 1
        assert f"the input '{stopped.grist}'" in done.stderr
        assert "size" in done.stderr and "--restart" in done.stderr
    done = stopped.run(*stopped.job("run", **SHAPE), "--restart")
    assert done.returncode == 0, done.stderr
    assert snapshot(stopped.path("run"), manifest=False) == expected_of(stopped)


def test_content_changed_behind_the_same_size_and_time_is_noticed(stopped):
    before = stopped.grist.stat()
    stopped.grist.write_bytes(b"rye and wheaT")
    os.utime(stopped.grist, ns=(before.st_atime_ns, before.st_mtime_ns))
    done = stopped.run("resume", stopped.path("run"))
    assert done.returncode == 1
    assert f"the input '{stopped.grist}'" in done.stderr


def test_a_missing_input_is_refused_by_name(stopped):
    stopped.grist.unlink()
    done = stopped.run("resume", stopped.path("run"))
    assert done.returncode == 1
    assert str(stopped.grist) in done.stderr


def test_a_changed_option_is_refused_by_name(stopped):
    done = stopped.run(*stopped.job("run", **SHAPE | {"size": 999}))
    assert done.returncode == 1
    assert "another --bytes" in done.stderr and "--restart" in done.stderr
    resume_to_the_same_bytes(stopped)


def test_options_of_the_run_may_change_when_it_is_resumed(stopped):
    done = stopped.run(*stopped.job("run", **SHAPE), "-j5", "--timeout", "60s", "--memory", "1G")
    assert done.returncode == 0, done.stderr
    assert snapshot(stopped.path("run"), manifest=False) == expected_of(stopped)
