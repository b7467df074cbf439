"""Coverage-guided fuzzing of whatever reads bytes that come from outside: `make fuzz`.

`targets.py` is the table of what is fuzzed; `exchanges.py`, `network.py`, `files.py` and `lakes.py` say of
each reader what may become of bytes, `seeds.py` gives what to begin with, `mutate.py` changes it, `child.py`
fuzzes one target with atheris, `run.py` all of them.
"""
