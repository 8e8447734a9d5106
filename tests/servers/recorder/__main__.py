"""Records the answers of the test servers: python3 recorder STATE FOLDER"""
import json
import pathlib
import sys

import clean
import databases
import names
import web

state, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
env = json.loads((state / "env.json").read_text())
cleaner = clean.Cleaner(state, int((state / "base-port").read_text()))
folder.mkdir(parents=True, exist_ok=True)
for module in (databases, web, names):
    for name, record in module.RECORDINGS.items():
        about, cases = record(env)
        text = json.dumps(cleaner({"server": about, "cases": cases}), indent=1, ensure_ascii=False)
        (folder / f"{name}.json").write_text(text + "\n")
        print(f"{name}: {len(cases)} cases")
