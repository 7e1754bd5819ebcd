# SPDX-License-Identifier: Apache-2.0
"""hostile.py BUNDLE NAME OUT: copies an unpacked bundle, with one error or attack.
hostile.py --names: prints the names of these, each with the text that the error message must contain."""
import hashlib
import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile

WAYS = {
    "upwards": "not a valid path in a bundle",
    "absolute": "not a valid path in a bundle",
    "elsewhere": "not a valid path in a bundle",
    "symlink": "not a file",
    "hardlink": "not a file",
    "device": "not a file",
    "more": "is not in the manifest",
    "twice": "is not in the manifest, or appears twice",
    "larger": "is longer than the manifest says",
    "smaller": "is shorter than the manifest says",
    "missing": "are missing",
    "late": "it comes before the manifest",
    "empty": "empty",
    "cut": "Truncated zstd input",
    "zeros": "is longer than the manifest says",
    "huge": "has an invalid size",
    "full": "do not fit",
    "many": "more than 200000 files",
    "listed-upwards": "not a valid path in a bundle",
    "listed-twice": "is listed twice",
    "no-json": "manifest.json",
    "newer": "created by a newer version",
    "no-database": "not an SQLite database",
    "view": "has something besides tables",
    "trigger": "in the place of rogctl's own tables",
    "other-case": "does not contain its case",
    "run-name": "not a valid name of a run",
}


def entry(name, data, **how):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in how.items():
        setattr(info, key, value)
    return info, data


def main():
    if sys.argv[1] == "--names":
        for way, says in WAYS.items():
            print(way, says)
        return
    bundle, way, out = sys.argv[1:]
    manifest = json.load(open(os.path.join(bundle, "manifest.json")))
    files = {f["path"]: open(os.path.join(bundle, f["path"]), "rb").read() for f in manifest["files"]}

    if way in ("view", "trigger", "no-database", "run-name"):
        path = out + ".db"
        open(path, "wb").write(files["results.db"] if way != "no-database" else b"x" * 5000)
        db = sqlite3.connect(path) if way != "no-database" else None
        if way == "view":
            db.execute("CREATE VIEW v AS SELECT 1")
        elif way == "trigger":
            db.execute("CREATE TRIGGER g AFTER INSERT ON runs BEGIN SELECT 1; END")
        elif way == "run-name":
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("UPDATE runs SET id = '../../' || id")
        if db:
            db.commit()
            db.close()
        files["results.db"] = open(path, "rb").read()
        os.remove(path)
        for f in manifest["files"]:
            if f["path"] == "results.db":
                f["size"] = len(files["results.db"])
                f["sha256"] = hashlib.sha256(files["results.db"]).hexdigest()
    listed = manifest["files"]
    if way == "huge":
        listed[0]["size"] = 1 << 62
    elif way == "full":
        listed[0]["size"] = 255 << 30
    elif way == "many":
        listed.extend({"path": f"x{i}", "size": 0, "sha256": "0" * 64} for i in range(200001))
    elif way == "listed-upwards":
        listed[0]["path"] = "a/../../x"
    elif way == "listed-twice":
        listed.append(listed[0])
    elif way == "newer":
        manifest["format"] = 1000
    elif way == "other-case":
        manifest["case"] = "another"
    elif way == "zeros":
        files["README.md"] = bytes(300 << 20)

    entries = [entry("b/" + name, data) for name, data in files.items()]
    text = b"[" * 100000 if way == "no-json" else json.dumps(manifest).encode()
    first = entry("b/manifest.json", text)
    if way == "late":
        entries.append(first)
    elif way != "empty":
        entries.insert(0, first)
    more = {
        "upwards": entry("b/../../evil", b"x"),
        "absolute": entry(os.path.abspath("evil"), b"x"),
        "elsewhere": entry("c/README.md", b"x"),
        "symlink": entry("b/README.md", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        "hardlink": entry("b/README.md", b"", type=tarfile.LNKTYPE, linkname="b/manifest.json"),
        "device": entry("b/README.md", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=5),
        "more": entry("b/more", b"x"),
        "larger": entry("b/README.md", files["README.md"] + b"x"),
        "smaller": entry("b/README.md", files["README.md"][1:]),
    }
    if way in more:
        entries.insert(1, more[way])
    if way == "twice":
        entries.append(entries[1])
    if way == "missing":
        del entries[3]
    if way == "empty":
        entries = []
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    packed = subprocess.run(["zstd", "-q", "-c"], input=tar.getvalue(), stdout=subprocess.PIPE, check=True).stdout
    open(out, "wb").write(packed[: len(packed) // 2] if way == "cut" else packed)


main()
