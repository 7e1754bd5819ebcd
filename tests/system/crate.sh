# SPDX-License-Identifier: Apache-2.0
# A case as an RO-Crate, read by ro-crate-py and checked by rocrate-validator. Skipped without them (pip
# install rocrate roc-validator; ROG_CRATE_PYTHON names a Python that has them). If the context of
# RO-Crate cannot be downloaded, ROG_CRATE_CONTEXT may name a file with it; otherwise the validator is
# left out.
. "$ROG_TEST_TOOLS/lib.sh"
python=${ROG_CRATE_PYTHON:-python3}
"$python" -c 'import rocrate.rocrate' 2>/dev/null || skip "ro-crate-py is not installed"

printf 'seconds,mbps\n0,40\n50,5\n100,30\n' >"a trace.csv"
cat >x.conf <<END
case = "c"; $quick trace = "a trace.csv";
runs = ( { library = "BSP"; threshold = 0; note = "a \"note\", with\nlines and 'quotes'"; }, { threshold = 4; } );
END
try 0 rogctl sweep x.conf -q
try 0 rogctl export c-case0 --format ro-crate
prints c-case0.zip
try 0 rogctl export c-case0 --format ro-crate --to crate
try 2 rogctl export c-case0 --format ro-crate --to crate
says "is not empty"
try 0 rogctl bundle verify crate

cat >read.py <<'END'
import hashlib, os, sys, urllib.parse, zipfile
from rocrate.rocrate import ROCrate
for source in "c-case0.zip", "crate":
    crate = ROCrate(source)
    runs = crate.root_dataset["mentions"]
    assert len(runs) == 2, runs
    for run in runs:
        assert run.type == "CreateAction" and run["instrument"]["name"] == "rogctl"
        assert run["startTime"] <= run["endTime"] and run["actionStatus"].endswith("CompletedActionStatus")
        objects = run["object"] if isinstance(run["object"], list) else [run["object"]]
        assert sorted(o["name"].split("/")[-1].split(".")[-1] for o in objects) == ["csv", "so"], objects
        assert any(r.id.endswith("events.jsonl") for r in run["result"])
    names = zipfile.ZipFile(source).namelist() if source.endswith("zip") else None
    files = [e for e in crate.get_entities() if e.type == "File"]
    assert len(files) > 12
    for file in files:
        path = urllib.parse.unquote(file.id)
        data = zipfile.ZipFile(source).read(path) if names else open(os.path.join(source, path), "rb").read()
        assert hashlib.sha256(data).hexdigest() == file["sha256"], path
        assert len(data) == int(file["contentSize"]), path
print("read")
END
"$python" read.py >read 2>read.err || fail "ro-crate-py reads something else: $(tail -n 5 read.err)"

"$python" -c 'import rocrate_validator' 2>/dev/null || exit 0
cat >check.py <<'END'
import json, os, sys
import rdflib.plugins.shared.jsonld.util as util, rdflib.plugins.shared.jsonld.context as context, rdflib.plugins.parsers.jsonld as parser
own, given = util.source_to_json, os.environ.get("ROG_CRATE_CONTEXT")
def load(source, *a, **k):
    if given and isinstance(source, str) and source.startswith("https://w3id.org/ro/crate/1.1/context"):
        return json.load(open(given)), None
    return own(source, *a, **k)
for module in util, context, parser:
    if hasattr(module, "source_to_json"):
        module.source_to_json = load
from rocrate_validator import models, services
settings = services.ValidationSettings(rocrate_uri="crate", requirement_severity=models.Severity.REQUIRED,
                                       profile_identifier="process-run-crate", enable_profile_inheritance=True)
for issue in services.validate(settings).get_issues():
    # Failed downloads are no error of the crate.
    if not ("w3id.org" in issue.message and ("Max retries" in issue.message or "retrieve" in issue.message)):
        print(issue.check.identifier, issue.message)
END
if "$python" check.py >issues 2>check.err; then
    [ ! -s issues ] || fail "the validator finds: $(cat issues)"
else
    grep -q 'URLError\|Name or service' check.err issues || fail "the validator fails: $(tail -n 5 check.err)"
    echo "the validator cannot fetch the context"
fi
