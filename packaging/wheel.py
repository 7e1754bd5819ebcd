# SPDX-License-Identifier: Apache-2.0
"""wheel.py SOURCE BUILD MACHINE LIBRARIES OUT: puts the Python package and what was built into a wheel,
which is the same to the byte when it is made again. Libraries that not every system has come along, out of the
folder LIBRARIES, by names of their own, so that they meet no others of a process. The wheel's name says
how old a C library may be that it runs with, read off the symbols that its files ask for. Prints its path."""

import base64
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

LIBRARY = "librog.so.0"
# What a system of the manylinux standard (PEP 600) has.
ALLOWED = re.compile(r"ld-linux[-\w]*\.so|lib(c|m|dl|rt|pthread|mvec|gcc_s)\.so")


def readelf(option, path):
    return subprocess.run(["readelf", option, "-W", path], check=True, stdout=subprocess.PIPE,
                          universal_newlines=True).stdout


def needed(path):
    return [name for name in re.findall(r"\(NEEDED\).*\[(.*)\]", readelf("-d", path)) if not ALLOWED.match(name)]


def patch(*arguments):
    subprocess.run(["patchelf", *arguments], check=True)


def gather(build, libraries, folder):
    """librog and the libraries that it needs, and those that they need, in `folder`."""
    names, left = {LIBRARY: LIBRARY}, [LIBRARY]
    shutil.copy(os.path.join(build, "lib", LIBRARY), folder)
    while left:
        copy = os.path.join(folder, names[left.pop()])
        for name in needed(copy):
            if name not in names:
                names[name] = re.sub("^lib", "librog-", name)
                left.append(name)
                shutil.copy(os.path.join(libraries, name), os.path.join(folder, names[name]))
                patch("--set-soname", names[name], os.path.join(folder, names[name]))
            patch("--replace-needed", name, names[name], copy)
        patch("--set-rpath", "$ORIGIN", copy)
    return [os.path.join(folder, name) for name in names.values()]


def licences(libraries, copies):
    """(name, path) of the licences of what has come along, from where Debian's packages have them."""
    doc = os.path.join(libraries, "../../share/doc")
    for copy in copies:
        stem = re.match(r"(?:librog-)?(\w+)", os.path.basename(copy)).group(1)
        found = sorted(glob.glob(os.path.join(doc, "lib%s*" % stem, "copyright")))
        if stem != "librog" and not found:
            sys.exit("wheel.py: there is no licence of %s in %s" % (stem, doc))
        yield from (("licenses/lib" + stem, path) for path in found[:1])


def oldest_glibc(paths):
    """The newest version that any of the files asks for."""
    newest = (2, 17)
    for path in paths:
        for version in re.findall(r"Name: GLIBC_([0-9.]+)", readelf("-V", path)):
            newest = max(newest, tuple(int(part) for part in version.split(".")[:2]))
    return newest


def contents(source, build, libraries):
    """(name in the wheel, path) of all files."""
    package = os.path.join(source, "python")
    for path in glob.glob(os.path.join(package, "rog", "**", "*.py"), recursive=True):
        yield os.path.relpath(path, package), path
    for path in libraries:
        yield "rog/lib/" + os.path.basename(path), path
    for path in glob.glob(os.path.join(build, "lib/rog/plugins/*.so")):
        yield "rog/lib/rog/plugins/" + os.path.basename(path), path


def metadata(source):
    """METADATA, from pyproject.toml, and name and version."""
    with open(os.path.join(source, "python", "pyproject.toml"), encoding="utf-8") as file:
        said = dict(re.findall(r'^([a-z-]+) = "(.*)"$', file.read(), re.M))
    with open(os.path.join(source, "python", "README.md"), encoding="utf-8") as file:
        text = file.read()
    lines = ["Metadata-Version: 2.1", "Name: " + said["name"], "Version: " + said["version"],
             "Summary: " + said["description"], "License: Apache-2.0",
             "Requires-Python: " + said["requires-python"],
             "Description-Content-Type: text/markdown", "", text]
    return said["name"], said["version"], "\n".join(lines)


def write(source, files, texts, machine, out):
    binaries = [path for name, path in files if name.startswith("rog/lib/")]
    tag = "py3-none-manylinux_%d_%d_%s" % (*oldest_glibc(binaries), machine)
    name, version, text = metadata(source)
    info = "%s-%s.dist-info/" % (name, version)
    everything = [(n, open(p, "rb").read()) for n, p in files]
    everything += [(info + "METADATA", text.encode()),
                   (info + "LICENSE", open(os.path.join(source, "LICENSE"), "rb").read()),
                   (info + "WHEEL", ("Wheel-Version: 1.0\nGenerator: rogctl\nRoot-Is-Purelib: false\n"
                                     "Tag: %s\n" % tag).encode())]
    everything += [(info + what, open(path, "rb").read()) for what, path in texts]
    record = ""
    for path, data in everything:
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += "%s,sha256=%s,%d\n" % (path, digest, len(data))
    record += info + "RECORD,,\n"
    wheel = os.path.join(out, "%s-%s-%s.whl" % (name, version, tag))
    with zipfile.ZipFile(wheel + ".part", "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in everything + [(info + "RECORD", record.encode())]:
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o755 if path.startswith("rog/lib/") else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    os.replace(wheel + ".part", wheel)
    return wheel


def main(source, build, machine, libraries, out):
    with tempfile.TemporaryDirectory() as folder:
        copies = gather(build, libraries, folder)
        files, texts = contents(source, build, copies), licences(libraries, copies)
        print(write(source, sorted(files), list(texts), machine, out))


if __name__ == "__main__":
    main(*sys.argv[1:])
